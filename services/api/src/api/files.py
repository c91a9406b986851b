"""Media files in a directory as responses: whole, or a part of one."""

import stat
from dataclasses import dataclass
from email.utils import formatdate
from os import stat_result
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api.ranges import media_type_of, wanted_part

# What nginx looks at beside If-Range, which agrees with it where there is a part.
_CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
# What is read while it is looked at: the way to a thread and back costs more than that.
_SMALL_BYTES = 256_000


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file, with what is in it if that was read."""

    path: Path
    about: stat_result
    content: bytes | None

    def response(self, request: Request, headers: dict[str, str], internal: str | None) -> Response:
        """The file, or the part of it that is asked for. There is an `ETag` only if `headers` have it.

        `internal` is where the reverse proxy has the file; it is told to send it, where that makes the same of the
        request.
        """
        media_type = media_type_of(self.path.name)
        part = wanted_part(request, self.about.st_size, headers)
        if part is not None and part.start >= self.about.st_size:
            return Response(None, 416, {**headers, "Content-Range": f"bytes */{self.about.st_size}"})
        if internal is not None and (part is not None or "range" not in request.headers) and _is_unconditional(request):
            return Response(None, 200, {**headers, "X-Accel-Redirect": internal}, media_type=media_type)
        # What is decided here is not for the response to decide.
        decided = (b"if-range",) if part is not None else (b"if-range", b"range")
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] not in decided]
        if part is None and self.content is not None:
            modified = formatdate(self.about.st_mtime, usegmt=True)
            headers = {**headers, "Accept-Ranges": "bytes", "Last-Modified": modified}
            return Response(self.content, 200, headers, media_type=media_type)
        response = FileResponse(self.path, headers=headers, media_type=media_type, stat_result=self.about)
        if "ETag" not in headers:
            del response.headers["ETag"]
        return response


async def find_file(root: Path, path: Path, *, reading: bool) -> FoundFile | None:
    """The file at a path inside the directory `root`, however that path was put together; None if there is none.

    A small one is read at once if it is for reading.
    """
    return await run_in_threadpool(_find, root, path, reading)


def _find(root: Path, path: Path, reading: bool) -> FoundFile | None:
    try:
        if path.resolve() != root.resolve() / path.relative_to(root):
            return None
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            return None
        return FoundFile(path, about, path.read_bytes() if reading and about.st_size <= _SMALL_BYTES else None)
    except OSError:
        return None


def _is_unconditional(request: Request) -> bool:
    """Whether nginx has no condition to look at that means nothing here."""
    return not any(name in request.headers for name in _CONDITIONS)
