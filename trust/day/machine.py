"""What a day can do to a server's machine: kill it, slow its disk down, fill it up."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers import Server
from trust.row import Missing

_SHIM = Path(__file__).with_name("shim.c")


def shim(folder: Path) -> Path | None:
    """The compiled shim.c; None where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    made = folder / "shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", made, _SHIM, "-ldl"], check=True)
    return made


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """`folder` is a file system of `size` bytes. Raises Missing for whoever may not mount one."""
    if os.geteuid() != 0:
        raise Missing("only root may mount a small file system")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "modelserver-trust", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Filler:
    """Fills a disk up, makes some room, and again, until it is closed; then its file is gone."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._file = folder / "filler"
        self._chance = chance
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._file.unlink(missing_ok=True)

    def _run(self) -> None:
        """Leaves nothing at all, or some hundred kilobytes, a few times a second."""
        while not self._over.wait(self._chance.uniform(0.02, 0.3)):
            with suppress(OSError), self._file.open("ab") as file:
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
            with suppress(OSError):
                size = self._file.stat().st_size
                os.truncate(self._file, max(0, size - self._chance.choice((0, 4096, 65536, 400_000, 2_000_000))))


def worker(server: Server) -> int:
    """The process that answers; the server itself only looks after it. 0 if there is none just now."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    with suppress(OSError):
        for pid in children.read_text().split():
            return int(pid)
    return 0


def kill_worker(server: Server) -> None:
    with suppress(ProcessLookupError):
        if pid := worker(server):
            os.kill(pid, signal.SIGKILL)


def family(pid: int) -> set[int]:
    """A process and all its descendants."""
    found = {pid}
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found |= family(int(child))
    return found
