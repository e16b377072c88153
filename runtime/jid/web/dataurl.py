"""Files that come as the text of a data: URL (RFC 2397)."""

import base64
import binascii
import os
import urllib.parse

from jid.mediatype import UNKNOWN, suffix_of
from jid.order import File


def saved(text: str, directory: str) -> File:
    """The URL's content as a file in the directory. Raises ValueError, which says why, for any other text."""
    if not text.startswith("data:"):
        raise ValueError("must be a file or the text of a data: URL (data:text/plain;base64,aGVsbG8=)")
    head, comma, content = text[len("data:") :].partition(",")
    if not comma:
        raise ValueError("a data: URL has a comma before its content")
    kind, _, encoding = head.rpartition(";") if head.endswith(";base64") else (head, "", "")
    name = "file" + suffix_of(kind.partition(";")[0].strip().lower() or UNKNOWN)
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        file.write(_decoded(content, encoding))
    return File(path, name)


def _decoded(content: str, encoding: str) -> bytes:
    plain = urllib.parse.unquote_to_bytes(content)
    if not encoding:
        return plain
    try:
        return base64.b64decode(plain, validate=True)
    except binascii.Error as error:
        raise ValueError("the content of the data: URL is no base64: {}".format(error)) from error
