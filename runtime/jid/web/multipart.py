"""multipart/form-data (RFC 7578), read while it arrives: files go to disk, fields stay in memory."""

import re
from typing import BinaryIO, Callable, List, NamedTuple, Optional, Union

from jid.order import File
from jid.web.memory import Share
from jid.web.problem import BAD_REQUEST, TOO_LARGE, Problem

_HEAD = 8192  # bytes of the header lines of one part
_PARTS = 1000
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;",]{1,70}))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([a-z*]+)=(?:"((?:\\["\\]|[^"])*)"|([^\s;]*))', re.IGNORECASE)


class Part(NamedTuple):
    """One part: the text of a field, or a file that is on disk."""

    name: str
    value: Union[str, File]


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type header names. Raises Problem."""
    found = _BOUNDARY.search(content_type)
    if not found:
        raise Problem(BAD_REQUEST, "the Content-Type of a multipart body must name its boundary")
    return (found.group(1) or found.group(2)).encode("latin-1")


class Multipart:
    """Parts out of bytes that arrive in pieces. new_file: where a file of this name is to be written.

    most: bytes of the whole body. memory: is told of each byte that is kept in memory.
    """

    def __init__(self, boundary: bytes, new_file: Callable[[str], File], most: int, memory: Share) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._new_file = new_file
        self._buffer = bytearray(b"\r\n")  # so that the first boundary looks like all others
        self._state = self._content
        self._parts: List[Part] = []
        self._name: Optional[str] = None  # of the part that is being read; None before the first
        self._text = bytearray()
        self._file: Optional[File] = None
        self._stream: Optional[BinaryIO] = None
        self._left = self._most = most
        self._memory = memory
        self._is_over = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises Problem for a malformed or an oversized body."""
        if self._is_over:
            return  # what follows the last boundary means nothing
        self._left -= len(data)
        if self._left < 0:
            raise Problem(TOO_LARGE, "a multipart body may have {} bytes (JID_MAX_UPLOAD)".format(self._most))
        self._buffer += data
        while not self._is_over and self._state():
            pass

    def parts(self) -> List[Part]:
        """All parts, once the whole body was fed. Raises Problem when its end is missing."""
        if not self._is_over:
            raise Problem(BAD_REQUEST, "the multipart body ends before its last boundary")
        return self._parts

    def close(self) -> None:
        """Close the file that is being written, if the body broke off."""
        self._memory.close()
        if self._stream:
            self._stream.close()

    def _content(self) -> bool:
        found = self._buffer.find(self._delimiter)
        if found < 0:
            self._keep(max(0, len(self._buffer) - len(self._delimiter)))
            return False
        self._keep(found)
        self._end_part()
        del self._buffer[: len(self._delimiter)]
        self._state = self._after_boundary
        return True

    def _after_boundary(self) -> bool:
        if len(self._buffer) < 2:
            return False
        if self._buffer.startswith(b"--"):
            self._is_over = True
            return False
        end = self._buffer.find(b"\r\n")
        if end < 0 or self._buffer[:end].strip(b" \t"):
            return self._incomplete("a boundary's line goes on after it")
        del self._buffer[:end]  # the line end stays, for a part may have no header lines
        self._state = self._head
        return True

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return self._incomplete("a part's header lines do not end")
        self._begin_part(bytes(self._buffer[2:end]).decode("utf-8", "replace"))
        del self._buffer[: end + 2]  # one line end stays, for the content may be empty
        self._state = self._line_end
        return True

    def _line_end(self) -> bool:
        """The content starts after the line end, unless that already belongs to the next boundary."""
        if len(self._buffer) < len(self._delimiter):
            return False
        if not self._buffer.startswith(self._delimiter):
            del self._buffer[:2]
        self._state = self._content
        return True

    def _incomplete(self, reason: str) -> bool:
        if len(self._buffer) > _HEAD:
            raise Problem(BAD_REQUEST, reason)
        return False

    def _begin_part(self, head: str) -> None:
        if len(self._parts) >= _PARTS:
            raise Problem(TOO_LARGE, "a body may have {} parts".format(_PARTS))
        lines = [line for line in head.split("\r\n") if line.lower().startswith("content-disposition:")]
        told = {key.lower(): quoted or plain for key, quoted, plain in _PARAMETER.findall("".join(lines))}
        if "name" not in told:
            raise Problem(BAD_REQUEST, "a part has no name: Content-Disposition: form-data; name=...")
        self._name = _unquoted(told["name"])
        filename = _extended(told["filename*"]) if "filename*" in told else told.get("filename")
        if filename is not None:
            self._file = self._new_file(_unquoted(filename))
            self._stream = open(self._file.path, "wb")  # noqa: SIM115  # closed at the part's end

    def _keep(self, size: int) -> None:
        if self._stream:
            self._stream.write(self._buffer[:size])
        elif self._name is not None:
            self._memory.take(size)
            self._text += self._buffer[:size]
        del self._buffer[:size]

    def _end_part(self) -> None:
        if self._stream and self._file and self._name is not None:
            self._stream.close()
            self._parts.append(Part(self._name, self._file))
        elif self._name is not None:
            self._parts.append(Part(self._name, self._text.decode("utf-8", "replace")))
        self._text, self._file, self._stream = bytearray(), None, None


def _unquoted(text: str) -> str:
    """Browsers write %22 for a quote, older curl writes a backslash before it (RFC 7578, section 2)."""
    return text.replace('\\"', '"').replace("\\\\", "\\").replace("%22", '"')


def _extended(text: str) -> str:
    """filename*=UTF-8''na%C3%AFve.txt (RFC 8187)."""
    from urllib.parse import unquote

    return unquote(text.split("'", 2)[-1])
