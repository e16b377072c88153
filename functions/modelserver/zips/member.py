"""What a member of a zip may be: a plain file or folder, with a name that means one place on every system.

Names are UTF-8 bytes, told apart byte by byte as git and Linux do: "a" and "A", or one letter in two
Unicode forms, are two files. What git refuses in a tree is refused here, before anything is hashed.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator

from modelserver.errors import Fault
from modelserver.zips.format import AGAIN, ENCRYPTED, Header, Member, shown

STORED, DEFLATED = 0, 8
_AES = 99
_MAX_COMPONENT, _MAX_PATH, _MAX_DEPTH = 255, 4096, 100
# Nothing that is spelt like this can be wrong: up to 15 parts of 255 letters, digits and marks, none first a dot.
_PLAIN = re.compile(rb"(?:\w[\w.+@,=~ -]{0,254}/){0,14}\w[\w.+@,=~ -]{0,254}")
_DRIVE = re.compile(rb"[A-Za-z]:")
_UNIX, _MACOS = 3, 19
_PLAIN_KINDS = (0, stat.S_IFREG >> 12)
_RENAME = "rename it, or leave it out of the zip"


def member_faults(member: Member) -> Iterable[Fault]:
    """Everything that is wrong with one member, its data and its neighbours apart."""
    return () if _is_plain(member) else _faults(member)


def file_faults(name: bytes, mode: int) -> Iterable[Fault]:
    """The same of a file that is in no zip yet; what the command asks before it packs, and after it fetched."""
    return member_faults(Member(name, 0, STORED, 0, 0, 0, _UNIX, mode, False, 0))


def _is_plain(member: Member) -> bool:
    """Whether this is a plain file with a plain name, as nearly all are: the rules need not be tried one by one."""
    return (
        (member.method == DEFLATED or (member.method == STORED and member.packed == member.size))
        and not member.flags & ENCRYPTED
        and not member.folder
        and member.mode >> 12 in _PLAIN_KINDS
        and _PLAIN.fullmatch(member.name) is not None
    )


def _faults(member: Member) -> Iterator[Fault]:
    yield from _name_faults(member.header)
    yield from _kind_faults(member)
    yield from _data_faults(member.header)


def is_folder(member: Member) -> bool:
    return member.name.endswith(b"/")


def is_executable(member: Member) -> bool:
    """Whether the owner may execute it, as far as the system that made the zip knows Unix modes."""
    return member.system in (_UNIX, _MACOS) and bool(member.mode & stat.S_IXUSR)


def is_litter(name: bytes) -> bool:
    """What macOS adds to a zip, and nobody means to upload."""
    return name.startswith(b"__MACOSX/") or name.endswith(b"/.DS_Store") or name == b".DS_Store"


def _name_faults(header: Header) -> Iterator[Fault]:
    name, pointer = header.name, shown(header.name)
    parts = name.removesuffix(b"/").split(b"/")
    for bad in _text_faults(name):
        yield Fault(pointer, "BAD_NAME", bad, _RENAME)
    if b".." in parts or name.startswith(b"/") or _DRIVE.match(name):
        yield Fault(pointer, "PATH_ESCAPES", "the name leads out of the package", AGAIN)
    elif b"" in parts or b"." in parts:
        yield Fault(pointer, "BAD_NAME", "the name has an empty part or a part `.`", AGAIN)
    if len(name) > _MAX_PATH or len(parts) > _MAX_DEPTH or max(map(len, parts)) > _MAX_COMPONENT:
        limits = f"{_MAX_PATH} bytes, {_MAX_DEPTH} folders deep, {_MAX_COMPONENT} bytes for each part"
        yield Fault(pointer, "NAME_TOO_LONG", f"the name is too long: at most {limits}", _RENAME)
    yield from _git_faults(parts)


def _text_faults(name: bytes) -> Iterator[str]:
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        yield "the name is not UTF-8"
        return
    if not text.isprintable() and any(unicodedata.category(letter) == "Cc" for letter in text):
        yield "the name holds a control character"
    if "\\" in text:
        yield "the name holds a backslash, which is a folder's end on some systems"


def _git_faults(parts: list[bytes]) -> Iterator[Fault]:
    """One fault for a whole .git folder, however much is in it."""
    for depth, part in enumerate(parts):
        if part.lower() == b".git":
            pointer = shown(b"/".join(parts[: depth + 1]))
            yield Fault(pointer, "GIT_FOLDER", "git's own files are no part of a package", "zip -x '*.git/*'")
            return


def _kind_faults(member: Member) -> Iterator[Fault]:
    pointer, kind = shown(member.name), stat.S_IFMT(member.mode)
    if kind == stat.S_IFLNK:
        yield Fault(pointer, "LINK", "symbolic links are not taken", "put the file itself there: zip without -y")
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        yield Fault(pointer, "DEVICE", "this is a device, a pipe or a socket", "leave it out of the zip")
    elif is_folder(member):
        if member.size or member.crc or member.packed > 2:
            yield Fault(pointer, "FOLDER_WITH_DATA", "this is a folder, and has data like a file", AGAIN)
    elif kind == stat.S_IFDIR or member.folder:
        yield Fault(pointer, "FILE_IS_ALSO_FOLDER", "this is marked a folder, and named like a file", AGAIN)


def _data_faults(header: Header) -> Iterator[Fault]:
    pointer = shown(header.name)
    if header.flags & ENCRYPTED or header.method == _AES:
        yield Fault(pointer, "ENCRYPTED", "this file is encrypted", "zip it again without a password")
    elif header.method not in (STORED, DEFLATED):
        detail = f"compression method {header.method} is not taken"
        yield Fault(pointer, "UNSUPPORTED_COMPRESSION", detail, "use deflate: `zip -r -Z deflate model.zip .`")
    elif header.method == STORED and header.packed != header.size:
        yield Fault(pointer, "SIZE_DIFFERS", "the file is stored as it is, yet has two sizes", AGAIN)
