"""How long a page of a Parquet file is, by the beginning of its header.

Source: `PageHeader` in parquet.thrift of Apache Parquet, in Thrift's compact protocol: its first fields are three
32-bit integers, the kind of page, its bytes uncompressed, and its bytes as they are in the file.
"""

# A field whose number is one more than that of the field before it, of the type i32.
_NEXT_I32 = 0x15
_FIELDS_BEFORE_DATA = 3
# What comes after those in a header: encodings, counts, statistics.
_REST_OF_HEADER_BYTES = 1 << 10


def end_of_page(data: bytes, begin: int) -> int:
    """Where in the file the page that `data` is the beginning of, at `begin`, ends at the latest; `begin` if that can't
    be told.
    """
    position, value = 0, 0
    for _ in range(_FIELDS_BEFORE_DATA):
        if position >= len(data) or data[position] != _NEXT_I32:
            return begin
        position, value = _varint(data, position + 1)
    size = value >> 1  # zigzag, and never negative
    return begin + position + _REST_OF_HEADER_BYTES + size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """The position after an integer, and the integer."""
    value, shift = 0, 0
    while position < len(data):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return position, value
