"""One request under way, and what has to be cleared away when it ends, however it ends."""

import os
import time
from typing import List, Union

from jid.keep.run import Run
from jid.message import Held
from jid.order import File
from jid.scratch import new_directory, remove
from jid.web.request import Request

_CLOCK = 0.02  # seconds by which a file system's clock may be behind ours
_NAME = 100  # characters of a file's name that are kept


class Errand:
    """Holds the request's files and its run. temporary: the server's directory for files that come and go."""

    def __init__(self, request: Request, temporary: str) -> None:
        self.request = request
        self.name = ""  # what the address names, such as a prediction's ID
        self._runs: List[Run] = []
        self._temporary = temporary
        self._directories: List[str] = []
        self._outputs: List[str] = []
        self._held: List[Held] = []
        self._started = time.time()

    def directory(self) -> str:
        """A new empty directory that is removed with this errand."""
        made = new_directory(self._temporary, "in-")
        self._directories.append(made)
        return made

    def new_file(self, name: str) -> File:
        """A place for an incoming file, under its own name as far as that is safe."""
        safe = "".join(c if c.isalnum() or c in "._- " else "_" for c in os.path.basename(name.replace("\\", "/")))
        safe = safe.lstrip(".")[-_NAME:] or "file"
        return File(os.path.join(self.directory(), safe), safe)

    def begin(self, run: Run) -> Run:
        """A run began for this request; it is closed with it."""
        self._runs.append(run)
        run.drop = self._drop
        return run

    def hand_over(self) -> "Errand":
        """The same with all that has to be cleared away, for somebody who goes on when the request has ended."""
        heir = Errand(self.request, self._temporary)
        heir._directories, self._directories = self._directories, []
        heir._started = self._started
        return heir

    def sending(self, path: str, run: Run) -> None:
        """Note a file that the model gave; if this run made it among our temporary files, it goes with us."""
        if self._is_passing(path, run):
            self._outputs.append(path)

    def kept(self, body: Union[bytes, Held]) -> Union[bytes, Held]:
        """The same body; a large one is closed with this errand."""
        if not isinstance(body, bytes):
            self._held.append(body)
        return body

    def close(self) -> None:
        """Give up the run and remove the files. Nothing it meets is an error."""
        for run in self._runs:
            run.close()
        for directory in self._directories:
            remove(directory)
        for path in self._outputs:
            self._remove(path)
        for held in self._held:
            held.close()

    def _is_passing(self, path: str, run: Run) -> bool:
        made = os.stat(path).st_ctime
        is_temporary = os.path.realpath(path).startswith(self._temporary + os.sep)
        return is_temporary and made > run.ready_at and made >= self._started - _CLOCK

    def _drop(self, path: str, run: Run) -> None:
        """The model gave a file that nobody waits for any more."""
        try:
            if self._is_passing(path, run):
                self._remove(path)
        except OSError:
            pass

    def _remove(self, path: str) -> None:
        """A file, and its directory if it was alone there, as under tempfile.mkdtemp()."""
        try:
            os.unlink(path)
            if os.path.dirname(path) != self._temporary:
                os.rmdir(os.path.dirname(path))
        except OSError:
            pass
