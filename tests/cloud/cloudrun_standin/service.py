"""The services of the stand-in: created, found, deleted; each comes up, and goes, in a thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from google.cloud.run_v2 import Condition, Service

from tests.cloud.cloudrun_standin.door import Door
from tests.cloud.cloudrun_standin.instance import Instance, NotStarted
from tests.cloud.cloudrun_standin.rules import refusals

_State = Condition.State


class Refused(Exception):
    """status: of HTTP; the text is for people."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Kept:
    """A service, its container and its address."""

    service: Any
    instance: Instance
    door: Door


class Services:
    """kept: by full name. created: how many were, ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.kept: dict[str, Kept] = {}
        self.created = 0

    def create(self, parent: str, service_id: str, service: Any) -> Service:
        """Raises Refused with everything that is wrong."""
        if wrong := refusals(service_id, service):
            raise Refused(400, "; ".join(wrong))
        name = f"{parent}/services/{service_id}"
        with self._lock:
            if name in self.kept:
                raise Refused(409, f"Resource '{service_id}' already exists.")
            service.name, service.reconciling = name, True
            service.terminal_condition = Condition(type_="Ready", state=_State.CONDITION_RECONCILING)
            instance = Instance(service_id, service.template.containers[0])
            kept = self.kept[name] = Kept(service, instance, Door(instance))
            self.created += 1
        threading.Thread(target=self._come_up, args=(kept,), daemon=True).start()
        return self.get(name)

    def get(self, name: str) -> Service:
        with self._lock:
            if name not in self.kept:
                raise Refused(404, f"Resource '{name.rpartition('/')[2]}' was not found")
            return Service(Service.pb(self.kept[name].service))

    def delete(self, name: str) -> Service:
        found = self.get(name)
        threading.Thread(target=self._go, args=(name,), daemon=True).start()
        return found

    def rest(self) -> None:
        """No instance of any service any more: scaled to zero."""
        for kept in list(self.kept.values()):
            kept.instance.stop()

    def close(self) -> None:
        for name in list(self.kept):
            self._go(name)

    def _come_up(self, kept: Kept) -> None:
        try:
            kept.instance.port()
            condition = Condition(type_="Ready", state=_State.CONDITION_SUCCEEDED)
        except NotStarted as error:
            condition = Condition(type_="Ready", state=_State.CONDITION_FAILED, message=str(error))
        with self._lock:
            kept.service.terminal_condition = condition
            kept.service.uri = kept.door.url
            kept.service.reconciling = False

    def _go(self, name: str) -> None:
        kept = self.kept[name]
        kept.door.close()
        kept.instance.stop()
        with self._lock:
            self.kept.pop(name, None)
