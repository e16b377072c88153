"""The day itself: clients at work, the server killed, started, looked at, and again."""

from __future__ import annotations

import io
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from local.__main__ import main as local_main
from tests.servers import DidNotStart, Server
from trust.day.client import Client
from trust.day.content import Content
from trust.day.inspection import Inspection
from trust.day.ledger import Account
from trust.day.machine import Filler, kill_worker, shim, small_disk, worker

_CLIENTS = 5
_LONGEST = 1.5
_MOST_CALLS = 300
_UNTIL_COUNTED = 6.0
_ROOM = 40 * 1024**2


@dataclass(frozen=True)
class Setting:
    """engine: docker or process. contents: packages of each client. small_disk: it fills up again and again.

    slow: microseconds that an fsync takes longer, at most; needs a C compiler, as do deaths that are counted.
    """

    name: str
    engine: str = "process"
    contents: int = 6
    small_disk: bool = False
    slow: int = 0


SETTINGS = (
    Setting("plain"),
    Setting("slow fsync", slow=50_000),
    Setting("full disk", small_disk=True, contents=4),
    Setting("docker", engine="docker", contents=2),
)


@dataclass
class Report:
    """kills: how often, by the way it was done. done: what the clients did. faults: each with where to see it again."""

    kills: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Day:
    """folder: an empty one. All choices are the seed's; how the threads of two runs interleave is the kernel's."""

    def __init__(self, folder: Path, seed: str, setting: Setting) -> None:
        self._folder = folder
        self._seed = f"{setting.name}/{seed}"
        self._setting = setting
        self._chance = random.Random(self._seed)
        self._shim = shim(folder)
        shared = [self._account("shared", number, shared=True) for number in range(3)]
        self._clients = [self._client(f"client{number}", shared) for number in range(_CLIENTS)]
        accounts = [*shared, *(account for client in self._clients for account in client.own)]
        self._accounts = {account.content.id: account for account in accounts}
        self._inspection = Inspection(
            folder, self._accounts, docker=setting.engine == "docker", excused=setting.small_disk
        )
        self.report = Report()

    def run(self, kills: int) -> Report:
        began = time.monotonic()
        (self._folder / "tmp").mkdir()
        with ExitStack() as stack:
            if self._setting.small_disk:
                stack.enter_context(small_disk(self._folder / "data", _ROOM))
            server = self._start()
            stack.callback(lambda: server.process.poll() is None and server.stop())
            for number in range(kills):
                self._tell(f"kill {number}", self._inspection.at_start(server))
                how = self._work(server)
                self.report.kills[how] += 1
                server = self._again(server)
            self._evening(server)
        self.report.seconds = time.monotonic() - began
        return self.report

    def _again(self, server: Server) -> Server:
        """A worker that was killed has a successor by itself, if there is room on the disk for its start."""
        if server.process.poll() is None:
            try:
                server.await_answer(self._folder / "server.log")
                return server
            except DidNotStart:
                if not self._setting.small_disk:
                    raise
        return self._start()

    def _work(self, server: Server) -> str:
        """Until the server is killed; how."""
        over = threading.Event()
        threads = [threading.Thread(target=client.work, args=(server.address, over)) for client in self._clients]
        filler = Filler(self._folder / "data", self._chance) if self._setting.small_disk else None
        for thread in threads:
            thread.start()
        how = self._kill(server)
        over.set()
        for thread in threads:
            thread.join()
        if filler:
            filler.close()
        return how

    def _kill(self, server: Server) -> str:
        how = self._chance.choice(("server", "worker", "call", "call") if self._shim else ("server", "worker"))
        moment = self._chance.uniform(0.02, _LONGEST)
        if how == "call":
            self._count_down(server)
            return how
        time.sleep(moment)
        if how == "server":
            server.kill()
        else:
            kill_worker(server)
        return how

    def _count_down(self, server: Server) -> None:
        """It dies at a certain call of the system; should that not come, by us."""
        before = worker(server)
        time.sleep(self._chance.uniform(0, 0.5))
        self._fuse.write_bytes(b"\0" * self._chance.randrange(_MOST_CALLS))
        until = time.monotonic() + _UNTIL_COUNTED
        while worker(server) == before and time.monotonic() < until:
            time.sleep(0.01)
        if worker(server) == before:
            kill_worker(server)

    def _evening(self, server: Server) -> None:
        """Everything ends, is looked at, and is deleted: then there is nothing left."""
        self._tell("evening", self._inspection.at_rest(server))
        if server.stop() != 0:
            self.report.faults.append(f"{self._seed}: the server did not end well")
        said = io.StringIO()
        with redirect_stdout(said):
            status = local_main(["verify", "--data", str(self._folder / "data")])
        if status != 0:
            self.report.faults.append(f"{self._seed}: python -m local verify: {said.getvalue()}")
        server = self._start()
        for package in server.get("/v1/packages/?status=any&limit=1000").json():
            server.delete(f"/v1/packages/{package['ID']}")
        server.stop()
        self._tell("night", self._inspection.deleted())
        self._tell("night", self._said())
        for client in self._clients:
            self.report.done += client.done

    def _tell(self, when: str, faults: Iterable[str]) -> None:
        found = list(faults)
        for account in self._accounts.values():
            found += account.faults
            account.faults.clear()
        for client in self._clients:
            found += client.faults
            client.faults.clear()
        self.report.faults += [f"{self._seed}, {when}: {fault}" for fault in found]

    def _said(self) -> list[str]:
        """What the server's own log tells of faults: nothing but a full disk may break anything."""
        if self._setting.small_disk:
            return []
        lines = (self._folder / "server.log").read_text(errors="replace").splitlines()
        return [f"the server's log says: {line}" for line in lines if line.startswith("Traceback")][:1]

    def _start(self) -> Server:
        environment = {
            "TMPDIR": str(self._folder / "tmp"),
            "MODELSERVER_BASE_IMAGE_PREFIX": "localhost/",
            "MODELSERVER_RUNNER_IDLE": "0.5",
        }
        if self._shim:
            environment |= {
                "LD_PRELOAD": str(self._shim),
                "SHIM_FUSE": str(self._fuse),
                "SHIM_SLOW": str(self._setting.slow),
            }
        return Server.begin(self._folder, ("--engine", self._setting.engine), environment)

    @property
    def _fuse(self) -> Path:
        return self._folder / "fuse"

    def _client(self, name: str, shared: list[Account]) -> Client:
        own = [self._account(name, number) for number in range(self._setting.contents)]
        return Client(random.Random(f"{self._seed}/{name}"), own, shared)

    def _account(self, owner: str, number: int, shared: bool = False) -> Account:
        return Account(Content.made(number, self._seed, owner), shared)
