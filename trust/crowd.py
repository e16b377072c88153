"""Many clients at once, each with a pause between its requests: reads, and uploads."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles

import httpx

from tests.packages import model, zipped

READS = ("get", "list", "zip", "log")
_PAUSE = 1.0  # seconds, the mean
_PATIENCE = 120.0
_HEADERS = {"Content-Type": "application/zip", "Prefer": "respond-async"}
_ACCEPTED = (200, 202)


@dataclass
class Tally:
    """times: seconds of each read, by kind. faults: answers that should not be."""

    times: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in READS})
    uploads: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return sum(map(len, self.times.values())) + self.uploads

    def milliseconds(self, kinds: Sequence[str] = READS) -> tuple[float, float]:
        """Median and 99th percentile."""
        times = [each for kind in kinds for each in self.times[kind]]
        cuts = quantiles(times, n=100)
        return cuts[49] * 1000, cuts[98] * 1000


@dataclass
class Crowd:
    """known: IDs of packages that are ready. news: the share of requests that upload new content."""

    address: str
    known: Sequence[str]
    news: float
    tally: Tally = field(default_factory=Tally)

    def work(self, clients: int, seconds: float) -> Tally:
        asyncio.run(self._work(clients, seconds))
        return self.tally

    async def _work(self, clients: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
        at = f"{self.address}/v1/packages"
        async with httpx.AsyncClient(base_url=at, timeout=_PATIENCE, limits=limits) as wire:
            await asyncio.gather(*(self._client(wire, number, until) for number in range(clients)))

    async def _client(self, wire: httpx.AsyncClient, number: int, until: float) -> None:
        chance = random.Random(number)
        await asyncio.sleep(chance.random() * _PAUSE)
        while time.monotonic() < until:
            try:
                await self._act(wire, number, chance)
            except httpx.HTTPError as error:
                self.tally.faults.append(repr(error))
            await asyncio.sleep(chance.expovariate(1 / _PAUSE))

    async def _act(self, wire: httpx.AsyncClient, number: int, chance: random.Random) -> None:
        if chance.random() < self.news:
            data = zipped(model(name=f"crowd{number}/hello", salt=f"{number} {chance.random()}"))
            self.tally.uploads += 1
            self._expect(await wire.post("/upload", content=data, headers=_HEADERS), _ACCEPTED)
            return
        kind, known = chance.choice(READS), chance.choice(self.known)
        path = {"get": f"/{known}", "list": "/?limit=20", "zip": f"/{known}.zip", "log": f"/{known}/log"}[kind]
        begun = time.perf_counter()
        answer = await wire.get(path)
        self.tally.times[kind].append(time.perf_counter() - begun)
        self._expect(answer, (200,))

    def _expect(self, answer: httpx.Response, statuses: Sequence[int]) -> None:
        if answer.status_code not in statuses:
            request = answer.request
            self.tally.faults.append(f"{request.method} {request.url.path}: {answer.status_code} {answer.text[:100]}")
