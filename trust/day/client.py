"""One client of a working day: uploads through every door, deletes, lists and reads, until the line is cut."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from trust.day.ledger import RECORDED, Account

_SECONDS = 60
_CUT = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout)


class Cut(Exception):
    """The server did not answer to the end."""


@dataclass(frozen=True)
class _Session:
    """A large zip on its way. name: of the session."""

    name: str
    data: bytes


@dataclass
class Client:
    """own: what it alone changes; shared: what the others change too. faults: answers that should not be.

    done: how often it did what.
    """

    chance: random.Random
    own: list[Account]
    shared: list[Account]
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _sessions: dict[str, _Session] = field(default_factory=dict)
    _at: str = ""

    def work(self, address: str, over: threading.Event) -> None:
        """Step by step, until `over` or the server is gone."""
        self._at = f"{address}/v1/packages"
        steps: list[tuple[str, Callable[[], None]]] = [
            *[("upload", self._upload)] * 5,
            *[("delete", self._delete)] * 2,
            ("list", self._list),
            ("get", self._get),
            ("zip", self._zip),
            ("log", self._log),
            ("infer", self._infer),
        ]
        try:
            while not over.is_set():
                name, step = self.chance.choice(steps)
                step()
                self.done[name] += 1
        except Cut:
            self.done["cut off"] += 1

    def _upload(self) -> None:
        account, data = self._any(), self.chance.choice((0, 0, 0, 1))
        door = self.chance.choice((self._direct, self._form, self._watched, self._session))
        before = set(account.may_be)
        status, code = door(account, account.content.zips[data])
        account.uploaded(status, code, before)

    def _direct(self, account: Account, data: bytes) -> tuple[int, str]:
        account.sent()
        return _read(self._ask("POST", "/upload", data=data, headers=self._prefer()))

    def _form(self, account: Account, data: bytes) -> tuple[int, str]:
        account.sent()
        return _read(self._ask("POST", "/upload", files={"file": data}, headers=self._prefer()))

    def _watched(self, account: Account, data: bytes) -> tuple[int, str]:
        """Who is told `accepted` has been answered, whatever comes then."""
        account.sent()
        before = set(account.may_be)
        answer = self._ask("POST", "/upload", data=data, headers={"Accept": "application/x-ndjson"}, stream=True)
        if answer.status_code != 200:
            return _read(answer)
        accepted = False
        try:
            for line in filter(None, answer.iter_lines()):
                event = json.loads(line)
                if event["Event"] == "accepted":
                    accepted = True
                    account.uploaded(200, "", before)
                elif event["Event"] == "problem" and not accepted:
                    return event["Data"]["status"], _code(event["Data"])
                elif event["Event"] in ("package", "problem"):
                    return 200, ""
        except (*_CUT, ValueError) as error:
            raise Cut from error
        finally:
            answer.close()
        raise Cut

    def _session(self, account: Account, data: bytes) -> tuple[int, str]:
        """Begun now, or gone on with if one of this content was cut off: the bytes that came are there still."""
        session = self._sessions.get(account.content.id)
        if session is None:
            begun = self._ask("POST", "/uploads", json={"Size": len(data)})
            if begun.status_code != 201:
                return _read(begun)
            session = self._sessions[account.content.id] = _Session(begun.json()["Upload"], data)
            self._put(session, 0, self.chance.randrange(1, len(data)))
        there = self._put(session, 0, 0)
        if 0 <= there < len(session.data):
            self._put(session, there, len(session.data))
        account.sent()
        answer = _read(self._ask("POST", "/upload", json={"Upload": session.name}, headers=self._prefer()))
        del self._sessions[account.content.id]
        return answer

    def _put(self, session: _Session, first: int, stop: int) -> int:
        """Sends these bytes, or only asks if there are none; how many are there then, -1 if it cannot be said."""
        size = len(session.data)
        span = f"bytes {first}-{stop - 1}/{size}" if stop else f"bytes */{size}"
        answer = self._ask(
            "PUT", f"/uploads/{session.name}", data=session.data[first:stop], headers={"Content-Range": span}
        )
        if answer.status_code == 201:
            return size
        if answer.status_code == 308:
            return int(answer.headers["Range"].rpartition("-")[2]) + 1 if "Range" in answer.headers else 0
        self._good(answer, 404, 409, 507)
        return -1

    def _delete(self) -> None:
        account = self._any()
        before = set(account.may_be)
        account.deleting()
        status, code = _read(self._ask("DELETE", f"/{account.content.id}"))
        account.deleted(status, code, before)

    def _list(self) -> None:
        for package in self._good(self._ask("GET", "/?status=any&limit=1000")) or []:
            if package["Status"] == "ready" and not package["Artifacts"]:
                self.faults.append(f"{package['ID']} is listed as ready, half-made")

    def _get(self) -> None:
        account = self._any()
        package = self._good(self._ask("GET", f"/{account.content.id}"))
        if package and package["SHA256"] not in account.sha256s():
            self.faults.append(f"{account.content.id} has a SHA256 that nobody sent")

    def _zip(self) -> None:
        account = self._any()
        answer = self._ask("GET", f"/{account.content.id}.zip")
        self._good(answer)
        if answer.status_code == 200:
            if answer.content not in account.content.zips:
                self.faults.append(f"the zip of {account.content.id} is none that was sent")
            if hashlib.sha256(answer.content).hexdigest() != answer.headers["ETag"].strip('"'):
                self.faults.append(f"the zip of {account.content.id} has another one's ETag")

    def _log(self) -> None:
        self._good(self._ask("GET", f"/{self._any().content.id}/log"))

    def _infer(self) -> None:
        answer = self._ask("POST", f"/{self._any().content.id}/infer", json={"text": "you"})
        if answer.status_code == 200 and answer.text.strip() != "hello you":
            self.faults.append(f"{answer.request.path_url} was answered {answer.text[:200]!r}")
        self._good(answer, 409, 502, 507)

    def _good(self, answer: requests.Response, *others: int) -> Any:
        """Its JSON; None if there is nothing, which another client may have brought about."""
        if answer.status_code == 200:
            return answer.json() if answer.headers["Content-Type"] == "application/json" else None
        if answer.status_code not in (404, 503, *others):
            asked = f"{answer.request.method} {answer.request.path_url}"
            self.faults.append(f"{asked} was answered {answer.status_code} {answer.text[:200]}")
        return None

    def _any(self) -> Account:
        return self.chance.choice(self.own if self.chance.random() < 0.85 else self.shared)

    def _prefer(self) -> dict[str, str]:
        return {"Prefer": self.chance.choice(("respond-async", "respond-async", "wait=1", "wait=20"))}

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return self._asked(method, self._at + path, **more)

    def _asked(self, method: str, url: str, **more: Any) -> requests.Response:
        try:
            return requests.request(method, url, timeout=_SECONDS, **more)
        except _CUT as error:
            raise Cut from error


def _read(answer: requests.Response) -> tuple[int, str]:
    """Its status and code, the latter with RECORDED if a package's build ended so."""
    try:
        value = answer.json() if answer.content else {}
    except ValueError:
        return answer.status_code, f"no JSON: {answer.text[:200]!r}"
    return answer.status_code, _code(value)


def _code(value: Any) -> str:
    if not isinstance(value, dict) or "code" not in value:
        return ""
    return str(value["code"]) + (RECORDED if "ID" in value else "")
