"""Directories that come and go. `tempfile` and `shutil` would do, and load for longer than all else that this needs."""

import os
from typing import List


def new_directory(below: str = "", prefix: str = "") -> str:
    """A new empty directory that is this user's alone; without `below` where the system keeps such things.

    Raises OSError where there is no room.
    """
    error = OSError("there is no place for temporary files; set TMPDIR")
    for home in [below] if below else _homes():
        path = os.path.join(os.path.abspath(home), prefix + os.urandom(8).hex())
        try:
            os.mkdir(path, 0o700)
        except OSError as refused:
            error = refused
        else:
            return path
    raise error


def remove(directory: str) -> None:
    """Remove a directory with all that is in it, as far as that can be done."""
    from shutil import rmtree  # late, as most requests bring no files

    rmtree(directory, ignore_errors=True)


def _homes() -> List[str]:
    """In the order in which `tempfile` tries them."""
    named = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)]
    return named + ["/tmp", "/var/tmp", "/usr/tmp", os.curdir]  # noqa: S108
