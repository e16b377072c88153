"""The recipes in the bucket of zips: `recipes/<package ID>/<build>.tar.gz`. What is in one, recipe.py says.

Whoever only removes recipes does not pay for what makes them.
"""

from __future__ import annotations

import io
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from modelserver.errors import Unavailable
from modelserver.gcp.objects import Objects
from modelserver.gcp.storage import CloudStorage
from modelserver.package import Package
from modelserver.settings import Settings

if TYPE_CHECKING:
    from modelserver.inspection import Rules


class Recipes:
    """A recipe is never replaced, for each build has its own. runtime: the folder of the `jid` library."""

    def __init__(self, settings: Settings, objects: Objects, storage: CloudStorage, runtime: Path) -> None:
        self._settings = settings
        self._objects = objects
        self._storage = storage
        self._runtime = runtime

    def write(self, package: Package) -> None:
        """For package.build, of the kept zip package.upload. Twice is once. Raises Unavailable if the zip is gone."""
        from modelserver.gcp.recipe import recipe_of

        zipped = self._storage.find(package.upload)
        if zipped is None:
            raise Unavailable(f"The zip of package {package.id} is not in Cloud Storage.")
        address = f"gs://{self._settings.need('bucket')}/{zipped.key}#{zipped.generation}"
        reader = self._storage.open(package.upload)
        try:
            content = recipe_of(package, reader, address, self._rules, self._runtime)
        finally:
            reader.close()
        self._objects.put(_key(package), io.BytesIO(content), len(content))

    def remove(self, package: Package) -> None:
        """No error if there is none."""
        self._objects.remove(_key(package))

    @cached_property
    def _rules(self) -> Rules:
        """Read when a package is built, not when one is looked at."""
        from modelserver.inspection import Rules

        return Rules.of(self._settings)


def _key(package: Package) -> str:
    return f"recipes/{package.id}/{package.build}.tar.gz"
