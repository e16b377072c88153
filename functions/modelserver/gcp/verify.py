"""Is what is stored on Google Cloud still what was answered? Bucket and Firestore read again; nothing is changed.

    cd functions && python -m modelserver.gcp.verify

With the settings of the functions (MODELSERVER_PROJECT, MODELSERVER_BUCKET, MODELSERVER_DATABASE) and the rights to
read both. It works beside the functions: what looks damaged is looked at once more after a moment. Ends with 0 if all
is sound, 1 if something is damaged, 2 if it could not look.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import PurePosixPath

from modelserver.audit import AGAIN, Damage, Found, record_damage, zip_damage
from modelserver.errors import Misconfigured, Unavailable
from modelserver.gcp.firestore import FirestoreDatabase
from modelserver.gcp.objects import Objects
from modelserver.gcp.storage import PACKAGES, CloudStorage, kept
from modelserver.package import Package, PackageID
from modelserver.ports import Query
from modelserver.settings import Settings

_RECIPES = "recipes/"
_MOMENT = 3.0
_PATIENCE = timedelta(days=1)
_AT_ONCE = 4


class CloudAudit:
    """Raises Unavailable and Misconfigured. bucket: for the cures."""

    def __init__(self, database: FirestoreDatabase, objects: Objects, bucket: str) -> None:
        self._database = database
        self._objects = objects
        self._bucket = bucket
        self._storage = CloudStorage(objects)

    def all(self) -> Found:
        """The objects are listed before the records are read: what arrives meanwhile is recorded before it is kept."""
        found, came = Found(), self._listed()
        packages = list(self._packages())
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            looked = list(pool.map(lambda package: list(self._look(package)), packages))
        for package in packages:
            found.count[package.status] += 1
            found.size += package.size
        suspects = [package.id for package, damage in zip(packages, looked, strict=True) if damage]
        if suspects:
            time.sleep(_MOMENT)
        for package_id in suspects:
            found.damage += self._look_again(package_id)
        found.damage += self._left(came, packages)
        return found

    def _packages(self) -> Iterator[Package]:
        after = ""
        while True:
            page = self._database.list(Query(status=None, limit=300, after=after))
            yield from page.packages
            after = page.next
            if not after:
                return

    def _look(self, package: Package) -> Iterator[Damage]:
        yield from record_damage(package)
        if package.status != "building" and self._objects.look(kept(package.upload)) is None:
            yield Damage(package.id, f"its zip {self._address(kept(package.upload))} is not there", AGAIN)
        else:
            yield from zip_damage(package, self._storage, 1)

    def _look_again(self, package_id: PackageID) -> list[Damage]:
        package = self._database.get(package_id)
        return list(self._look(package)) if package else []

    def _listed(self) -> dict[str, datetime]:
        return {key: came for prefix in (PACKAGES, _RECIPES) for key, came in self._objects.listed(prefix)}

    def _left(self, came: dict[str, datetime], packages: list[Package]) -> Iterator[Damage]:
        """What no record names a day after it came; before that it may be a deletion, or an upload, under way."""
        uploads = {kept(package.upload) for package in packages}
        builds = {package.build for package in packages}
        until = datetime.now(timezone.utc) - _PATIENCE
        for key, time_came in sorted(came.items()):
            is_known = key in uploads or PurePosixPath(key).name.partition(".")[0] in builds
            if not is_known and time_came <= until:
                cure = f"upload it again if you miss it, else: gcloud storage rm {self._address(key)}"
                yield Damage(key, "no record names this object", cure)

    def _address(self, key: str) -> str:
        return f"gs://{self._bucket}/{key}"


def main(words: Sequence[str]) -> int:
    """The exit status; each damage and its cure are printed."""
    parser = argparse.ArgumentParser("python -m modelserver.gcp.verify", description=__doc__)
    parser.parse_args(words)
    try:
        settings = Settings.from_environment(os.environ)
        project, bucket = settings.need("project"), settings.need("bucket")
        database = FirestoreDatabase(project, settings.need("database"))
        found = CloudAudit(database, Objects(bucket, project), bucket).all()
    except (Misconfigured, Unavailable) as problem:
        print(f"modelserver cannot verify: {problem.detail}", file=sys.stderr)
        return 2
    print("\n".join(found.lines(f"gs://{bucket}")))
    return 1 if found.damage else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
