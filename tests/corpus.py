"""Odd and hostile zips: each with the codes of the faults that it must be refused for, or none if it is good.

Everything is made in memory when its bytes are asked for. Names and kinds of members are tables here; lies
about sizes, borders and ends are in corpus_lies, what honest tools write is in corpus_honest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from tests.zipcraft import DEFLATED, JID, Entry, Zip

Codes = frozenset[str]


@dataclass(frozen=True)
class Case:
    """expected: the codes of all faults; empty means that the zip is accepted."""

    name: str
    make: Callable[[], bytes]
    expected: Codes

    @property
    def data(self) -> bytes:
        return self.make()


def good(name: str, make: Callable[[], bytes]) -> Case:
    return Case(name, make, frozenset())


def bad(name: str, codes: str, make: Callable[[], bytes]) -> Case:
    """codes: divided by spaces."""
    return Case(name, make, frozenset(codes.split()))


def package(*more: Entry) -> bytes:
    """A sound package and these members."""
    return Zip((Entry(b"jid.yaml", JID), Entry(b"infer.py", b"class Model: ..."), *more)).bytes()


def cases() -> Iterator[Case]:
    """All zips, in an order that stays the same."""
    from tests.corpus_honest import honest
    from tests.corpus_lies import lies

    yield from names()
    yield from kinds()
    yield from clashes()
    yield from honest()
    yield from lies()


def packages() -> Iterator[Case]:
    """These and those whose zip is sound: the whole corpus."""
    from tests.corpus_configs import configs

    yield from cases()
    yield from configs()


_GOOD_NAMES = {
    "plain": b"a.txt",
    "deep": b"/".join([b"d"] * 99 + [b"f"]),
    "space": b"a b.txt",
    "leading space": b" a",
    "trailing dot": b"a.",
    "three dots": b"...",
    "dots in a name": b"a..b",
    "hidden": b".env",
    "gitignore": b".gitignore",
    "github": b".github/workflows/ci.yml",
    "colon": b"ab:c",
    "shell": b"$(rm -rf ~);`x`|&>",
    "quotes": b"\"'",
    "dash": b"-rf",
    "glob": b"*?[a]",
    "percent": b"%2e%2e%2f",
    "255 bytes": b"n" * 255,
    "composed": "\u00fcber.txt".encode(),
    "decomposed": "u\u0308ber.txt".encode(),
    "chinese": "模型.bin".encode(),
    "emoji": "\U0001f40d.py".encode(),
    "right to left": "\u05d0\u05d1.txt".encode(),
    "windows device": b"CON",
    "litter as a folder's name": b"x/__MACOSX/a",
}

_BAD_NAMES = {
    "empty": (b"", "BAD_NAME"),
    "NUL": (b"infer.py\0.txt", "BAD_NAME"),
    "newline": (b"a\nRUN id", "BAD_NAME"),
    "carriage return": (b"a\r", "BAD_NAME"),
    "escape": (b"\x1b[2J", "BAD_NAME"),
    "delete": (b"a\x7f", "BAD_NAME"),
    "C1 control": ("a\u0085b".encode(), "BAD_NAME"),
    "latin-1": (b"\xfcber.txt", "BAD_NAME"),
    "surrogate": (b"\xed\xa0\x80", "BAD_NAME"),
    "overlong slash": (b"a\xc0\xaf..", "BAD_NAME"),
    "cut UTF-8": (b"a\xe6\xa8", "BAD_NAME"),
    "backslash": (b"src\\a.py", "BAD_NAME"),
    "backslash escape": (b"..\\..\\etc", "BAD_NAME"),
    "absolute": (b"/etc/passwd", "PATH_ESCAPES"),
    "two slashes": (b"//host/share", "PATH_ESCAPES"),
    "drive": (b"C:/windows/x", "PATH_ESCAPES"),
    "drive relative": (b"c:x", "PATH_ESCAPES"),
    "parent": (b"../jid.yaml", "PATH_ESCAPES"),
    "parent inside": (b"a/../../jid.yaml", "PATH_ESCAPES"),
    "parent at the end": (b"a/..", "PATH_ESCAPES"),
    "parent alone": (b"..", "PATH_ESCAPES"),
    "dot": (b".", "BAD_NAME"),
    "dot first": (b"./a", "BAD_NAME"),
    "dot inside": (b"a/./b", "BAD_NAME"),
    "empty part": (b"a//b", "BAD_NAME"),
    "256 bytes": (b"n" * 256, "NAME_TOO_LONG"),
    "4097 bytes": (b"/".join([b"n" * 240] * 17) + b"/abc", "NAME_TOO_LONG"),
    "101 deep": (b"/".join([b"d"] * 100 + [b"f"]), "NAME_TOO_LONG"),
    "1500 deep": (b"/".join([b"d"] * 1500), "NAME_TOO_LONG"),
    "65535 bytes": (b"n" * 65535, "NAME_TOO_LONG"),
    "65535 slashes": (b"/" * 65535, "PATH_ESCAPES NAME_TOO_LONG FOLDER_WITH_DATA"),
    "git": (b".git/config", "GIT_FOLDER"),
    "git in upper case": (b".GIT/hooks/post-checkout", "GIT_FOLDER"),
    "git inside": (b"sub/.git/HEAD", "GIT_FOLDER"),
    "git file": (b".git", "GIT_FOLDER"),
}


def names() -> Iterator[Case]:
    for title, name in _GOOD_NAMES.items():
        yield good(f"name: {title}", partial(package, Entry(name)))
    for title, (name, codes) in _BAD_NAMES.items():
        yield bad(f"name: {title}", codes, partial(package, Entry(name)))


_MODES = {
    "symbolic link": (0o120777, "LINK"),
    "character device": (0o020666, "DEVICE"),
    "block device": (0o060660, "DEVICE"),
    "pipe": (0o010644, "DEVICE"),
    "socket": (0o140755, "DEVICE"),
    "folder without a slash": (0o040755, "FILE_IS_ALSO_FOLDER"),
    "no such kind": (0o150644, "DEVICE"),
    "setuid": (0o104755, ""),
    "setgid and sticky": (0o103755, ""),
    "no rights at all": (0o100000, ""),
    "no kind": (0o644, ""),
    "no mode": (0, ""),
}


def kinds() -> Iterator[Case]:
    for title, (mode, codes) in _MODES.items():
        yield bad(f"kind: {title}", codes, partial(package, Entry(b"a", b"b", mode=mode)))
    yield bad("kind: link from elsewhere", "LINK", lambda: package(Entry(b"a", b"b", mode=0o120777, system=0)))
    yield bad("kind: link to a folder", "LINK", lambda: package(Entry(b"a/", b"", mode=0o120777)))
    yield bad("kind: link in litter", "LINK", lambda: package(Entry(b"__MACOSX/a", b"b", mode=0o120777)))
    yield bad("kind: DOS folder without a slash", "FILE_IS_ALSO_FOLDER", lambda: package(Entry(b"a", b"", dos=0x10)))
    yield bad("kind: folder with data", "FOLDER_WITH_DATA", lambda: package(Entry(b"a/", b"x", mode=0o40755)))
    yield bad("kind: encrypted", "ENCRYPTED", lambda: package(Entry(b"a", flags=1)))
    yield bad("kind: strongly encrypted", "ENCRYPTED", lambda: package(Entry(b"a", flags=0x41)))
    yield bad("kind: masked headers", "ENCRYPTED", lambda: package(Entry(b"a", flags=0x2000)))
    yield bad("kind: AES", "ENCRYPTED", lambda: package(Entry(b"a", method=99, body=b"x" * 24)))
    for title, method in {"implode": 6, "deflate64": 9, "bzip2": 12, "lzma": 14, "zstd": 93, "none": 65535}.items():
        entry = Entry(b"a", method=method, body=b"x" * 24)
        yield bad(f"kind: {title}", "UNSUPPORTED_COMPRESSION", partial(package, entry))


def clashes() -> Iterator[Case]:
    file, inside, folder = Entry(b"a"), Entry(b"a/b"), Entry(b"a/", b"", mode=0o40755)
    yield bad("clash: file twice", "DUPLICATE_NAME", lambda: package(file, file))
    yield bad("clash: config twice", "DUPLICATE_NAME", lambda: package(Entry(b"jid.yaml", b"name: other/one")))
    yield bad("clash: folder twice", "DUPLICATE_NAME", lambda: package(folder, folder, inside))
    yield bad("clash: file and folder", "FILE_IS_ALSO_FOLDER", lambda: package(file, folder))
    yield bad("clash: file and what is in it", "FILE_IS_ALSO_FOLDER", lambda: package(inside, Entry(b"a-b"), file))
    yield bad("clash: deep in a file", "FILE_IS_ALSO_FOLDER", lambda: package(file, Entry(b"a/b/c/d")))
    yield good("clash: upper and lower case", lambda: package(file, Entry(b"A")))
    yield good("clash: two Unicode forms", lambda: package(Entry("\u00fc".encode()), Entry("u\u0308".encode())))
    yield good("clash: none, though close", lambda: package(file, Entry(b"a-b"), Entry(b"a.b"), Entry(b"a0/b")))
    yield bad("top: no jid.yaml", "NO_JID_YAML", lambda: Zip((file, Entry(b"b/c"))).bytes())
    yield bad("top: jid.yaml two folders down", "NO_JID_YAML", lambda: Zip((Entry(b"a/b/jid.yaml", JID),)).bytes())
    yield bad("top: JID.YAML", "NO_JID_YAML", lambda: Zip((Entry(b"JID.YAML", JID),)).bytes())
    yield bad("top: empty", "NO_FILES", lambda: Zip(()).bytes())
    yield bad("top: folders only", "NO_FILES", lambda: Zip((folder,)).bytes())
    yield bad("top: litter only", "NO_FILES", lambda: Zip((Entry(b"__MACOSX/._a"), Entry(b".DS_Store"))).bytes())
    yield bad("data: does not inflate", "BAD_DATA", lambda: package(Entry(b"a", method=DEFLATED, body=b"\xff" * 9)))
