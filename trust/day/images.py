"""What a day's packages have in the Docker engine; other ones are not looked at."""

from __future__ import annotations

from collections.abc import Iterator, Set

from local.docker_images import LABEL
from local.docker_line import calling

_OURS = ("modelserver-building:", "modelserver-stage:")


def containers(ids: Set[str]) -> Iterator[str]:
    """Of their tests, and of models kept running."""
    with calling() as api:
        for container in api.containers(all=True, filters={"label": LABEL}):
            if container["Labels"][LABEL] in ids:
                yield f"container {container['Id'][:12]} of {container['Labels'][LABEL]} is left"


def images(ids: Set[str]) -> Iterator[str]:
    """Named or not, and names of layers under way."""
    with calling() as api:
        for image in api.images(filters={"label": LABEL}):
            if (image["Labels"] or {}).get(LABEL) in ids:
                yield f"image {image['Id'][:19]} {image['RepoTags']} of {image['Labels'][LABEL]} is left"
        for name in (name for image in api.images() for name in image["RepoTags"] or ()):
            if name.startswith(_OURS) and name.partition(":")[2][:40] in ids:
                yield f"image {name} is left"
