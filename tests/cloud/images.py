"""What the registry has."""

from __future__ import annotations

from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.cloud.engines import REGISTRY

_MANIFEST = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}


def digest_of(uri: str) -> str | None:
    """Under which the registry has the image; None if it has none of this name."""
    repository, _, tag = uri.removeprefix(f"{REGISTRY}/").rpartition(":")
    try:
        with urlopen(Request(f"http://{REGISTRY}/v2/{repository}/manifests/{tag}", None, _MANIFEST)) as answer:
            return str(answer.headers["Docker-Content-Digest"])
    except HTTPError as error:
        error.close()
        return None
