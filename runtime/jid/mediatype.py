"""Media types of files by their names; the table of this system is not asked, so that every machine agrees."""

import mimetypes
import os

from jid.encoding import data_url

UNKNOWN = "application/octet-stream"

_YOUNG = {  # types that older Pythons do not know; https://www.iana.org/assignments/media-types
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".md": "text/markdown",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".parquet": "application/vnd.apache.parquet",
}


def of_name(name: str) -> str:
    """The media type for a file name, such as image/png; application/octet-stream where it says nothing."""
    young = _YOUNG.get(os.path.splitext(name)[1].lower())
    kind, encoding = mimetypes.MimeTypes().guess_type(name)
    return young or (kind if kind and not encoding else UNKNOWN)


def shown(path: str) -> str:
    """The file as the text of a data: URL."""
    with open(path, "rb") as file:
        return data_url(file.read(), of_name(path))


def suffix_of(kind: str) -> str:
    """The usual ending for a media type, with its dot; empty where there is none."""
    return mimetypes.MimeTypes().guess_extension(kind) or ""
