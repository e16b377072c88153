"""Records in Firestore: one document for each package, named by its ID.

A document holds the record as one string, which no index covers, and beside it the fields that queries use.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.cloud import firestore

from modelserver.errors import Misconfigured, Unavailable
from modelserver.gcp.calls import calling
from modelserver.package import Package, PackageID
from modelserver.paging import cursor, position
from modelserver.ports import Page, Query
from modelserver.record import Record

COLLECTION = "packages"

_NEWEST = (("created", "DESCENDING"), ("id", "DESCENDING"))
INDEXES: tuple[tuple[tuple[str, str], ...], ...] = (
    _NEWEST,
    (("status", "ASCENDING"), *_NEWEST),
    (("name", "ASCENDING"), *_NEWEST),
    (("status", "ASCENDING"), ("name", "ASCENDING"), *_NEWEST),
)
"""The composite index of each shape that `list` has: the fields compared, then the order. The emulator needs none."""

_MOST = 900_000  # characters of a record; a document ends at 1 MiB (firebase.google.com/docs/firestore/quotas)
_CUT = "The evidence was too large to be kept."
_PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
_PASSING = (exceptions.ServiceUnavailable, exceptions.DeadlineExceeded, exceptions.InternalServerError)
_CHANGED = (exceptions.FailedPrecondition, exceptions.NotFound, exceptions.Aborted)


class FirestoreDatabase:
    """Port Database. get reads one document, a page of the list reads its own and no more.

    patience: seconds for which a call that fails is tried again. The SDK looks for an emulator in
    FIRESTORE_EMULATOR_HOST.
    """

    def __init__(self, project: str = "", database: str = "", patience: float = 30.0) -> None:
        self._project = project
        self._database = database
        self._patience = patience
        retry = Retry(predicate=if_exception_type(*_PASSING), initial=0.1, maximum=2.0, timeout=patience)
        self._waits: dict[str, Any] = {"retry": retry, "timeout": patience}

    def claim(self, package: Package) -> Package:
        for pause in _PAUSES:
            time.sleep(pause)
            with self._calling():
                try:
                    self._document(package.id).create(_fields(package), **self._waits)
                except exceptions.AlreadyExists:
                    if known := self.get(package.id):
                        return known
                else:
                    return package
        raise _restless(package)

    def get(self, package_id: PackageID) -> Package | None:
        snapshot = self._read(package_id)
        return _package(snapshot) if snapshot.exists else None

    def swap(self, old: Package, new: Package) -> bool:
        fields = _fields(new)

        def done(snapshot: Any) -> bool:
            return bool(snapshot.exists and snapshot.get("record") == fields["record"])

        return self._change(old, lambda document, unless: document.update(fields, unless, **self._once), done)

    def list(self, query: Query) -> Page:
        asked = _query(self._client.collection(COLLECTION), query)
        with self._calling():
            try:
                found = asked.get(**self._waits)
            except exceptions.FailedPrecondition:
                raise Misconfigured("Firestore lacks an index that lists packages: apply infra/ again.") from None
        records = tuple(Record(cast(str, snapshot.get("record"))) for snapshot in found)
        return Page(records, cursor(records[-1].package) if len(records) == query.limit else "")

    def delete(self, package: Package) -> bool:
        return self._change(
            package,
            lambda document, unless: document.delete(unless, **self._once),
            lambda snapshot: not snapshot.exists,
        )

    def _change(self, old: Package, write: Callable[[Any, Any], object], done: Callable[[Any], bool]) -> bool:
        """Writes on the condition that nothing was written since `old` was seen there, again while it is.

        done: whether a snapshot shows the write, for when its answer was lost.
        """
        unsure = False
        for pause in _PAUSES:
            time.sleep(pause)
            snapshot = self._read(old.id)
            if unsure and done(snapshot):
                return True
            if not _still(snapshot, old):
                return False
            with self._calling():
                try:
                    write(snapshot.reference, self._client.write_option(last_update_time=snapshot.update_time))
                except _CHANGED:
                    continue
                except _PASSING:
                    unsure = True
                    continue
            return True
        raise _restless(old)

    def _read(self, package_id: PackageID) -> Any:
        with self._calling():
            return self._document(package_id).get(**self._waits)

    def _document(self, package_id: PackageID) -> Any:
        return self._client.collection(COLLECTION).document(package_id)

    @property
    def _once(self) -> dict[str, Any]:
        """For writes on a condition: one that is tried again by itself cannot tell its own first try from another's."""
        return {"retry": None, "timeout": self._patience}

    def _calling(self) -> AbstractContextManager[None]:
        return calling("Firestore")

    @cached_property
    def _client(self) -> Any:
        with self._calling():
            return firestore.Client(project=self._project or None, database=self._database or None)


def _query(packages: Any, query: Query) -> Any:
    for field, value in (("status", query.status), ("name", query.name)):
        if value:
            packages = packages.where(filter=firestore.FieldFilter(field, "==", value))
    for field, direction in _NEWEST:
        packages = packages.order_by(field, direction=direction)
    if query.after:
        packages = packages.start_after(dict(zip(("created", "id"), position(query.after), strict=True)))
    return packages.limit(query.limit)


def _fields(package: Package) -> dict[str, str]:
    return {
        "id": str(package.id),
        "name": str(package.config.name),
        "status": package.status,
        "created": package.created,
        "build": package.build,
        "record": _record(package),
    }


def _record(package: Package) -> str:
    """As ASCII, so that characters are bytes. What is too long loses the evidence of its test, then its schema."""
    text = _text(package)
    if len(text) > _MOST:
        text = _text(replace(package, test={"Passed": package.test.get("Passed", False), "Note": _CUT}))
    if len(text) > _MOST:
        text = _text(replace(package, test={"Note": _CUT}, schema={"Note": _CUT}))
    return text


def _text(package: Package) -> str:
    return json.dumps(package.to_record(), separators=(",", ":"))


def _package(snapshot: Any) -> Package:
    return Package.from_record(json.loads(cast(str, snapshot.get("record"))))


def _still(snapshot: Any, package: Package) -> bool:
    return bool(snapshot.exists and (snapshot.get("build"), snapshot.get("status")) == (package.build, package.status))


def _restless(package: Package) -> Unavailable:
    return Unavailable(f"The record of {package.id} is being changed again and again. Try again in a moment.")
