"""Videos in folders: kept as they are, when browsers play them."""

from services.worker.tests.corpus.case import Case, Page, only
from services.worker.tests.corpus.media import Kept

_VIDEO = {"_type": "Video"}
_MP4 = b"\x00\x00\x00\x18ftypisom" + b"\x00" * 100
_WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + b"\x00" * 100
_MKV = _WEBM.replace(b"webm", b"matr")


def _kept(name: str, file: str, content: bytes, extension: str) -> Case:
    return Case(
        name, lambda: {file: content}, only(Page({"video": _VIDEO}, [{"video": {"src": Kept(content, extension)}}]))
    )


def _refused(name: str, file: str, content: bytes) -> Case:
    return Case(
        name,
        lambda: {file: content},
        only(Page({"video": _VIDEO}, [{"video": None}], errors={0: {"video": "browsers do not play"}})),
    )


CASES = [
    _kept("video-mp4", "x.mp4", _MP4, ".mp4"),
    _kept("video-webm", "x.mp4", _WEBM, ".webm"),
    # A sound to the library, by its name; and browsers play that of a video, too.
    Case(
        "video-called-webm",
        lambda: {"x.webm": _WEBM},
        only(
            Page(
                {"audio": {"_type": "Audio"}},
                [{"audio": [{"src": Kept(_WEBM, ".weba"), "type": "audio/webm"}]}],
            )
        ),
    ),
    _refused("video-matroska", "x.mkv", _MKV),
    _refused("video-quicktime", "x.mov", _MP4.replace(b"isom", b"qt  ")),
    _refused("video-html-called-mp4", "x.mp4", b"<html><script>alert(1)</script></html>"),
    _refused("video-of-zero-bytes", "x.mp4", b""),
]
