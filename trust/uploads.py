"""The corpus of odd and hostile packages, sent to `check` and `upload`, locally and over Google's ports.

Each is answered as it should be, and at what cost; nothing stays of what is refused or deleted, and no address that a
package names is called.
"""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.core.test_formdata import HOSTILE, TYPE
from tests.corpus import Case, packages
from tests.corpus_bombs import SIZE, bombs
from tests.corpus_configs import CANARY
from trust.google import google_site
from trust.row import Row, at_least, at_most, none_of
from trust.site import Reply, Site, local_site

_MIB = 1024**2
_SLOWEST, _BOMBS_SLOWEST = 1000, 100  # ms of CPU
_MOST, _BOMBS_MOST = 100, 50  # MiB
_TIMES = 3
_EMPTY = (400, {"NO_FILE"})  # no zip at all


def rows(full: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="modelserver-trust-") as folder, local_site(Path(folder)) as site:
        yield from tried(site, list(packages()))
    with google_site() as cloud:
        yield from tried(cloud, list(packages()))


def tried(site: Site, cases: list[Case]) -> Iterator[Row]:
    tally = Tally(site)
    with canary() as calls:
        for case in cases:
            tally.check(case)
    for case in cases:
        tally.upload(case)
    for title, body in HOSTILE.items():
        tally.form(title, body)
    yield at_least(f"{site.name}: packages sent to check and to upload", len(cases), min(150, len(cases)))
    yield none_of(f"{site.name}: answered otherwise than they should be", tally.sent, tally.wrong)
    yield none_of(f"{site.name}: calls to addresses in packages, at check", len(cases), calls)
    yield none_of(f"{site.name}: left of them all", tally.sent, site.left())
    yield at_most(f"{site.name}: longest refusal, CPU", tally.slowest * 1000, _SLOWEST, "ms")
    yield at_most(f"{site.name}: most memory of a refusal", tally.most / _MIB, _MOST, "MiB")
    yield from _of_bombs(site)


def _of_bombs(site: Site) -> Iterator[Row]:
    tally = Tally(site)
    largest = 0
    for case in bombs():
        largest = max(largest, len(case.data))
        for _ in range(_TIMES):
            tally.check(case)
        tally.upload(case)
    yield at_most(f"{site.name}: largest of the small bombs", largest, SIZE, "bytes")
    yield none_of(f"{site.name}: bombs answered otherwise", tally.sent, tally.wrong)
    yield at_most(f"{site.name}: longest bomb, CPU", tally.slowest_of_all * 1000, _BOMBS_SLOWEST, "ms")
    yield at_most(f"{site.name}: most memory of a bomb", tally.most_of_all / _MIB, _BOMBS_MOST, "MiB")


class Tally:
    """What was answered. slowest, most: seconds of CPU and bytes of memory of a refusal; _of_all: accepted ones too."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.sent = 0
        self.wrong: list[str] = []
        self.slowest = self.slowest_of_all = 0.0
        self.most = self.most_of_all = 0

    def check(self, case: Case) -> None:
        self._judge(f"check {case.name}", case, self._post("check", case.data), (200,))

    def upload(self, case: Case) -> None:
        """What is accepted is read back and deleted."""
        data = case.data
        reply = self._post("upload", data)
        self._judge(f"upload {case.name}", case, reply, (201, 202))
        if reply.status in (200, 201, 202):
            self._have_and_delete(case.name, data, reply.document["ID"])

    def form(self, title: str, body: bytes) -> None:
        """A form that is none."""
        reply = self._site.post("upload", body, TYPE)
        self.sent += 1
        self._note(reply.status != 400 or reply.document.get("code") != "BAD_REQUEST", f"form {title}: {reply.status}")

    def _post(self, door: str, data: bytes) -> Reply:
        reply = self._site.post(door, data)
        self.sent += 1
        if reply.status == 422:
            self.slowest, self.most = max(self.slowest, reply.cpu), max(self.most, reply.memory)
        self.slowest_of_all = max(self.slowest_of_all, reply.cpu)
        self.most_of_all = max(self.most_of_all, reply.memory)
        return reply

    def _judge(self, what: str, case: Case, reply: Reply, accepted: Iterable[int]) -> None:
        found = f"{reply.status} {' '.join(sorted(_codes(reply)))}".strip()
        if case.expected:
            right = (reply.status, _codes(reply)) in ((422, case.expected), _EMPTY if not case.data else ())
        else:
            right = reply.status in accepted and len(reply.document.get("ID", "")) == 40
        self._note(not right, f"{what}: {found}")

    def _have_and_delete(self, name: str, data: bytes, package_id: str) -> None:
        self._note(self._site.get(f"{package_id}.zip") != (200, data), f"{name}: the zip is another one")
        self._note(self._site.delete(package_id) != 204, f"{name}: is not deleted")
        self._note(self._site.get(package_id)[0] != 404, f"{name}: is there after it was deleted")

    def _note(self, bad: bool, what: str) -> None:
        if bad:
            self.wrong.append(what)


def _codes(reply: Reply) -> set[str]:
    if not isinstance(reply.document, dict):
        return set()
    return {fault["code"] for fault in reply.document.get("errors", [reply.document]) if "code" in fault}


@contextmanager
def canary() -> Iterator[list[str]]:
    """Listens at the address that packages of the corpus name; who called, by now."""
    calls: list[str] = []
    with socket.create_server(("127.0.0.1", urlsplit(CANARY).port or 0)) as listener:
        listener.settimeout(0.1)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    connection, caller = listener.accept()
                except TimeoutError:
                    continue
                connection.close()
                calls.append(str(caller))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield calls
        finally:
            over.set()
            thread.join()
