"""What a server has answered of each content, and so what it has to know of it now."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from trust.day.content import Content

GONE, THERE = "gone", "there"
RECORDED = " of a package"
"""What a code ends in here when the problem says of which package it is: then that is recorded."""


@dataclass
class Account:
    """One content. may_be: what it can be by all that was answered. One client alone changes it, step by step,
    unless it is `shared`: then nothing is known of it but that it is sound when it is there.

    was_deleting: whether a deletion was cut off; then its build may have been cancelled, and no more.
    faults: answers that contradict what was answered before.
    """

    content: Content
    shared: bool = False
    may_be: set[str] = field(default_factory=lambda: {GONE})
    was_deleting: bool = False
    faults: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)

    def sent(self) -> None:
        """An upload was sent; if its answer never comes, it may have worked."""
        self.history.append("upload")
        self.may_be |= {THERE}

    def uploaded(self, status: int, code: str, before: set[str]) -> None:
        """An upload was answered. before: what may_be was when it was sent."""
        self.history.append(f"{status} {code}")
        if status in (200, 201, 202) or code.endswith(RECORDED):
            self.may_be, self.was_deleting = {THERE}, self.shared
        elif status == 507:
            self.may_be = before
        elif status not in (400, 409, 503) and not (status == 404 and self.shared):
            self.faults.append(f"an upload of {self.content.id} was answered {status} {code}")

    def deleting(self) -> None:
        self.may_be |= {GONE}
        self.was_deleting = True
        self.history.append("delete")

    def deleted(self, status: int, code: str, before: set[str]) -> None:
        self.history.append(f"{status} {code}")
        if status == 404 and before == {THERE} and not self.shared:
            self.faults.append(f"{self.content.id} was answered 2xx, and is unknown to a DELETE")
        if status in (204, 404):
            self.may_be = {GONE}
        elif status == 507:
            self.may_be = before
        elif status not in (409, 503):
            self.faults.append(f"a DELETE of {self.content.id} was answered {status} {code}")

    def seen(self, there: bool, answer: str) -> None:
        """How it is while nobody changes it."""
        state = THERE if there else GONE
        if state not in self.may_be and not self.shared:
            was = "deleted with 204" if there else "answered 2xx"
            self.faults.append(f"{self.content.id} was {was}, and is {state}: {self.history[-8:]} {answer}")
        self.may_be = {state}
        self.history.append(state)

    def sha256s(self) -> set[str]:
        return {hashlib.sha256(data).hexdigest() for data in self.content.zips}
