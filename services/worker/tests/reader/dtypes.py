"""Every dtype that `datasets.Value` takes, each with a value as Arrow stores it and the JSON that a client gets."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from datasets.features.features import string_to_arrow


@dataclass(frozen=True)
class Example:
    """A value of a dtype: `stored` is what Arrow is given, and `json` what comes out."""

    stored: Any
    json: Any

    def array(self, dtype: str) -> pa.Array:
        """The value, and a null, as an array of the dtype."""
        arrow_type = string_to_arrow(dtype)
        if isinstance(arrow_type, pa.BaseExtensionType):
            return pa.ExtensionArray.from_storage(arrow_type, pa.array([self.stored, None], arrow_type.storage_type))
        if isinstance(self.stored, int) and pa.types.is_temporal(arrow_type):
            wide = pa.int32() if arrow_type.bit_width == 32 else pa.int64()
            return pa.array([self.stored, None], wide).view(arrow_type)
        return pa.array([self.stored, None], arrow_type)


_SECONDS = 1_700_000_000
_NANOSECONDS = _SECONDS * 10**9 + 123_456_789

EXAMPLES: dict[str, Example] = {
    "null": Example(None, None),
    "bool": Example(True, True),
    "bool8": Example(1, True),
    "int8": Example(-(2**7), -(2**7)),
    "int16": Example(-(2**15), -(2**15)),
    "int32": Example(-(2**31), -(2**31)),
    "int64": Example(-(2**63), -(2**63)),
    "uint8": Example(2**8 - 1, 2**8 - 1),
    "uint16": Example(2**16 - 1, 2**16 - 1),
    "uint32": Example(2**32 - 1, 2**32 - 1),
    "uint64": Example(2**64 - 1, 2**64 - 1),
    "float16": Example(0.5, 0.5),
    "float32": Example(float("inf"), None),
    "float64": Example(float("nan"), None),
    "time32[s]": Example(3_723, "01:02:03"),
    "time32[ms]": Example(3_723_004, "01:02:03.004000"),
    "time64[us]": Example(3_723_000_004, "01:02:03.000004"),
    "time64[ns]": Example(3_723_000_004_000, "01:02:03.000004"),
    "timestamp[s]": Example(_SECONDS, "2023-11-14T22:13:20+00:00"),
    "timestamp[ms]": Example(_SECONDS * 1_000 + 5, "2023-11-14T22:13:20.005000+00:00"),
    "timestamp[us]": Example(-1, "1969-12-31T23:59:59.999999+00:00"),
    "timestamp[ns]": Example(_NANOSECONDS, "2023-11-14T22:13:20.123456789+00:00"),
    "timestamp[s, tz=UTC]": Example(_SECONDS, "2023-11-14T22:13:20+00:00"),
    "timestamp[us, tz=+05:30]": Example(0, "1970-01-01T05:30:00+05:30"),
    "timestamp[ns, tz=Europe/Paris]": Example(_NANOSECONDS, "2023-11-14T23:13:20.123456789+01:00"),
    "date32": Example(19_782, "2024-02-29"),
    "date64": Example(19_782 * 86_400_000, "2024-02-29"),
    "duration[s]": Example(-90, "-PT90S"),
    "duration[ms]": Example(86_400_500, "P1DT0.5S"),
    "duration[us]": Example(1, "PT0.000001S"),
    "duration[ns]": Example(1, "PT0.000000001S"),
    "month_day_nano_interval": Example((1, -2, 500_000_000), "P1M-2DT0.5S"),
    "decimal128(38, 2)": Example("123456789012345678901234567890123456.70", "123456789012345678901234567890123456.70"),
    "decimal128(20, 10)": Example("0", "0.0000000000"),
    "decimal128(4, -2)": Example("1200", "1200"),
    "decimal256(76, 1)": Example("-1.5", "-1.5"),
    "binary": Example(b"\x00\xff", "AP8="),
    "large_binary": Example(b"", ""),
    "binary_view": Example(b"\x00\xff", "AP8="),
    "fixed_size_binary[3]": Example(b"abc", "YWJj"),
    "string": Example('é"\x00\u2028', 'é"\x00\u2028'),
    "utf8": Example("", ""),
    "large_string": Example("😀", "😀"),
    "large_utf8": Example("a", "a"),
    "string_view": Example("longer than what a view holds itself", "longer than what a view holds itself"),
    "uuid": Example(bytes(range(16)), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
    "json_": Example('{"a": 1}', '{"a": 1}'),
}
