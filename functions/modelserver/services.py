"""What a composition root hands to the program: the ports, and how they are to be used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from modelserver.errors import Unavailable
from modelserver.package import Package
from modelserver.ports import Ports
from modelserver.settings import Settings

if TYPE_CHECKING:
    from modelserver.catalog import Catalog
    from modelserver.intake import Intake
    from modelserver.running import Running


class Places:
    """So many clients may wait at once. full: what is said to the next one."""

    def __init__(self, count: int, full: str) -> None:
        self._free = threading.Semaphore(count)
        self._full = full

    def wait(self, work: Callable[[], Package], otherwise: Package) -> Package:
        """What `work` returns, or `otherwise` at once when every place is taken."""
        if not self._free.acquire(blocking=False):
            return otherwise
        try:
            return work()
        finally:
            self._free.release()

    def stream(self, answer: Callable[[], Response]) -> Response:
        """An answer that holds a place until it is closed. Raises Unavailable when every place is taken."""
        if not self._free.acquire(blocking=False):
            raise Unavailable(self._full, headers={"Retry-After": "10"})
        try:
            made = answer()
        except BaseException:
            self._free.release()
            raise
        made.call_on_close(self._free.release)
        return made


@dataclass(frozen=True)
class Services:
    """The use cases over the same ports."""

    ports: Ports
    settings: Settings

    @cached_property
    def places(self) -> Places:
        """For clients that wait: fewer than there are threads, so that somebody always answers the others."""
        return Places(self.settings.max_waiting, "Too many clients are waiting for builds. Try again.")

    @cached_property
    def running_places(self) -> Places:
        """For clients that run models; apart, so that who waits for a build keeps nobody from running."""
        return Places(self.settings.max_running, "Too many runs are under way. Try again.")

    @cached_property
    def catalog(self) -> Catalog:
        from modelserver.catalog import Catalog

        return Catalog(self.ports, self.settings.heal_after)

    @cached_property
    def running(self) -> Running:
        from modelserver.running import Running

        return Running(self.ports)

    @cached_property
    def intake(self) -> Intake:
        """Imported when a package comes in: whoever only reads does not pay for YAML, versions and zips."""
        from modelserver.inspection import Rules
        from modelserver.intake import Intake

        return Intake(self.ports, Rules.of(self.settings))
