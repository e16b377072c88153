"""One request under way, and what has to be cleared away when it ends, however it ends."""

import os
import shutil
import tempfile
import time
from typing import List, Optional

from jid.keep.run import Run
from jid.order import File
from jid.web.request import Request

_CLOCK = 0.02  # seconds by which a file system's clock may be behind ours
_NAME = 100  # characters of a file's name that are kept


class Errand:
    """Holds the request's files and its run. temporary: the server's directory for files that come and go."""

    def __init__(self, request: Request, temporary: str) -> None:
        self.request = request
        self.running: Optional[Run] = None
        self._temporary = temporary
        self._directories: List[str] = []
        self._outputs: List[str] = []
        self._started = time.time()

    def directory(self) -> str:
        """A new empty directory that is removed with this errand."""
        made = tempfile.mkdtemp(prefix="in-", dir=self._temporary)
        self._directories.append(made)
        return made

    def new_file(self, name: str) -> File:
        """A place for an incoming file, under its own name as far as that is safe."""
        safe = "".join(c if c.isalnum() or c in "._- " else "_" for c in os.path.basename(name.replace("\\", "/")))
        safe = safe.lstrip(".")[-_NAME:] or "file"
        return File(os.path.join(self.directory(), safe), safe)

    def sending(self, path: str) -> None:
        """Note a file that the model gave; if this run made it among our temporary files, it goes with us."""
        is_temporary = os.path.realpath(path).startswith(self._temporary + os.sep)
        made = os.stat(path).st_ctime
        is_of_set_up = self.running is None or made <= self.running.ready_at
        if is_temporary and not is_of_set_up and made >= self._started - _CLOCK:
            self._outputs.append(path)

    def close(self) -> None:
        """Give up the run and remove the files. Nothing it meets is an error."""
        if self.running:
            self.running.close()
        for directory in self._directories:
            shutil.rmtree(directory, ignore_errors=True)
        for path in self._outputs:
            self._remove(path)

    def _remove(self, path: str) -> None:
        """A file, and its directory if it was alone there, as under tempfile.mkdtemp()."""
        try:
            os.unlink(path)
            if os.path.dirname(path) != self._temporary:
                os.rmdir(os.path.dirname(path))
        except OSError:
            pass
