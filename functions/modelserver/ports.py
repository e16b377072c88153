"""What the server needs from outside: storage, a database, an engine. The docstrings are the contract.

Every implementation runs the same contract suite (tests/contracts). Any method may raise
errors.Unavailable when what is behind it does not answer; only errors named here are part of a contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Protocol

from modelserver.package import Outcome, Package, PackageID, Status
from modelserver.record import Record
from modelserver.stages import Stage


@dataclass(frozen=True)
class Upload:
    """A zip that has arrived. name: its key in Storage, new each time. size: bytes; sha256: hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Session:
    """A place for one large zip. name: its key in Storage once it is whole. location: where its bytes are PUT.

    Who knows the location may write there: it is a secret, and goes into no log.
    """

    name: str
    location: str


class Reader(Protocol):
    """Random access to the bytes of one stored zip, from any number of threads at once."""

    @property
    def size(self) -> int:
        """In bytes."""

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes from offset on: `length` of them, fewer only at the end; of one zip, whatever happens to it.

        Raises Unavailable if the zip has been deleted meanwhile and is not to be had any more.
        """

    def link(self, filename: str) -> str | None:
        """A URL where a client gets these very bytes for some minutes; None where they are to come from here."""

    def descriptor(self) -> int | None:
        """Of a file of this machine that holds these bytes and no others, for the kernel to send from.

        It is this reader's own, with its position, and ends with it. None where the bytes lie elsewhere.
        """

    def close(self) -> None:
        """Gives the file or connection back. May be called twice."""


class Storage(Protocol):
    """Keeps zips. Nothing half-received is ever readable under a kept name."""

    def receive(self, chunks: Iterable[bytes], limit: int) -> Upload:
        """Takes in a zip, staged: on the disk when this returns, and gone after a while unless kept.

        Raises TooLarge as soon as more than `limit` bytes came, NoSpace when the disk is full. Whatever is
        raised, by the chunks too, nothing stays behind.
        """

    def keep(self, name: str) -> None:
        """Makes a staged zip one that stays. Twice is once.

        Raises KeyError if there is none, Conflict if another zip has its place.
        """

    def open(self, name: str) -> Reader:
        """Reads a staged or a kept zip. Raises KeyError if there is none."""

    def mend(self, stored: Upload, again: Upload) -> bool:
        """Makes use of a staged zip of the same files as a kept one; whether the kept one is whole, as far as this
        store does not see to that itself.

        Then `again` is gone, and has mended `stored` if that had its bytes and was damaged. Else nothing has
        changed: `again` is to take its place.
        """

    def discard(self, name: str) -> None:
        """Removes a staged zip; a kept one stays, and none is no error."""

    def delete(self, name: str) -> None:
        """Removes a staged or a kept zip; no error if there is none."""

    def sweep(self, known: Set[str], older_than: float) -> int:
        """Removes every zip not named in `known` that came more than `older_than` seconds ago; how many."""


class Sessions(Protocol):
    """Large zips that arrive by themselves, in one PUT or in several after a cut (Content-Range, 308)."""

    def begin(self, size: int, address: str) -> Session:
        """Opens a place for exactly `size` bytes. address: of this server, as its client knows it."""

    def finish(self, name: str) -> Upload:
        """What arrived, in Storage: staged, or kept by an earlier try. Again, if asked again.

        Raises KeyError for a name that `begin` never gave or that is gone, Conflict while bytes are missing.
        """


@dataclass(frozen=True)
class Query:
    """Which packages to list, newest first. "" means any name. after: the `next` of the page before."""

    status: Status | None = "ready"
    name: str = ""
    limit: int = 100
    after: str = ""


@dataclass(frozen=True)
class Page:
    """Packages newest first. next: where the following page starts, or "" on the last one.

    A full page's `next` may lead to an empty page: to know better, a database would read one record more.
    """

    records: tuple[Record, ...]
    next: str = ""

    @property
    def packages(self) -> tuple[Package, ...]:
        return tuple(record.package for record in self.records)


class Database(Protocol):
    """Keeps one record for each package. Each method is one atomic step, durable when it returns."""

    def claim(self, package: Package) -> Package:
        """Records the package unless its ID is known; what is recorded now. Of many at once, one wins."""

    def get(self, package_id: PackageID) -> Package | None:
        """What is recorded, or None."""

    def swap(self, old: Package, new: Package) -> bool:
        """Records `new` if what is recorded still has old's build and status; whether it did."""

    def list(self, query: Query) -> Page:
        """By `created`, then ID, newest first. Raises ValueError when query.after was never a `next`."""

    def delete(self, package: Package) -> bool:
        """Removes the record if it still has this package's build and status; whether it did."""


class Engine(Protocol):
    """Makes a package's artifacts: build, test, push, in that order, for each architecture.

    A build is named by package.build. What is submitted ends in exactly one Outcome, which is kept.
    """

    @property
    def name(self) -> str:
        """What is plugged in, in a word or two: "docker", "process", "cloudbuild"."""

    def submit(self, package: Package) -> None:
        """Starts the build package.build of the kept zip package.upload. Twice is once."""

    def wait(self, package: Package, seconds: float) -> Outcome | None:
        """The build's outcome, or None if it has not ended within `seconds` (0: look and return).

        Where servers come and go, a package that nobody has submitted long after it was created has failed.
        """

    def log(self, package: Package, offset: int) -> bytes:
        """The build's log from byte `offset` on, UTF-8, as far as it is written; b"" if there is none yet."""

    def stages(self, package: Package) -> tuple[Stage, ...]:
        """What the build has done so far, in order. Each has its seconds at the latest when the build has ended."""

    def cancel(self, package: Package) -> None:
        """Ends the build, if it runs: its outcome is an error, nothing of it stays. Returns when it is so."""

    def remove(self, package: Package) -> None:
        """Removes the log and all local images and files of an ended build. No error if there are none."""


@dataclass(frozen=True)
class Call:
    """A request for one run, as it came. body: read once, a chunk at a time.

    size: of the body in bytes; None if nobody knows. kind: its Content-Type, or "". accept: what is wanted, or "".
    is_left: whether whoever asked has closed the connection, as far as that can be seen.
    """

    body: Iterator[bytes]
    size: int | None = 0
    kind: str = ""
    accept: str = ""
    is_left: Callable[[], bool] = field(default=lambda: False)


@dataclass(frozen=True)
class Reply:
    """What a model answers, head first: a stranger's words, all of it.

    status: from 200 on. headers: names in lower case. body: chunks as they come; it raises ConnectionError when the
    answer breaks off. close: called once by whoever got the reply, read or not; a run that is under way is given up.
    started: whether something was started for this call, that `remove` has to end.
    """

    status: int
    headers: Mapping[str, str]
    body: Iterator[bytes]
    close: Callable[[], None] = field(default=lambda: None)
    started: bool = False


class Runner(Protocol):
    """Runs packages that are ready: what a call needs is started, kept for the next one, and stopped when at rest."""

    @property
    def name(self) -> str:
        """What is plugged in, in a word or two."""

    def infer(self, package: Package, call: Call) -> Reply:
        """What the package's own `POST /infer` answers, its refusals too. Both bodies are streamed.

        Raises NotReady if the package has no artifact that can be run here, NoAnswer if what runs breaks off or
        answers what is no HTTP, Unavailable while there is no room for it, and whatever the call's body raises.
        """

    def remove(self, package: Package) -> None:
        """Ends all that was started for the package; calls under way break off. No error if there is nothing."""


class Ports(Protocol):
    """All that is plugged in. A port may be made at its first use: who needs none of it does not pay for it."""

    @property
    def storage(self) -> Storage: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def database(self) -> Database: ...

    @property
    def engine(self) -> Engine: ...

    @property
    def runner(self) -> Runner: ...

    @property
    def plugged(self) -> dict[str, str]:
        """Port to implementation, in a word each, for people."""
