"""The environment as one frozen dataclass. Nothing else reads os.environ."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from modelserver.config import PYTHONS
from modelserver.errors import Misconfigured

_PREFIX = "MODELSERVER_"
_CHOICES = {"engine": ("auto", "docker", "process"), "python": PYTHONS}
_MAY_BE_NONE = ("sweep_after", "heal_after", "max_wait")
_SHORTEST, _LONGEST = 0.001, 1e9  # what waits in Python's threading take
_DIGITS = 18
_TOKENS = ("token", "read_token")
_TOKEN = re.compile(r"[!-~](?:[ -~]*[!-~])?")  # what an HTTP header carries unchanged


@dataclass(frozen=True)
class Settings:
    """Every setting of the control plane. The variable is MODELSERVER_ and the field, upper case.

    Sizes are bytes, times are seconds. What stands under a field is its row in docs/reference/settings.md.
    """

    data: Path = Path(".modelserver")
    """folder of zips, logs and records"""
    token: str = ""
    """what clients send as `Authorization: Bearer` to write and to read; needed for a public `--host`"""
    read_token: str = ""
    """another one for clients that may only read (GET); goes with `MODELSERVER_TOKEN` alone"""
    max_upload: int = 10 * 1024**3
    """bytes of a zip"""
    max_direct: int = 10 * 1024**3
    """bytes of a zip that comes in a request's body"""
    max_entries: int = 100_000
    """files in a zip"""
    max_unpacked: int = 50 * 1024**3
    """bytes of all files, unpacked"""
    max_ratio: int = 200
    """unpacked bytes for each byte of zip"""
    python: str = ""
    """the Python of packages that say none; by default the server's own"""
    facts: Path | None = None
    """folder with newer `torch.json`, `tensorflow.json`, `cuda_images.json`"""
    engine: str = "auto"
    """`docker`, `process`, or `auto`: docker if it answers"""
    registry: str = ""
    """where images are pushed, such as `localhost:5001/models`; without it they stay in the local engine"""
    base_image_prefix: str = ""
    """a mirror in front of every base image, such as `mirror.example.com/dockerhub/`"""
    package_index: str = ""
    """URL of the index that pip and uv use in builds; without user and password, as images would keep them"""
    builds: int = 2
    """builds side by side"""
    build_timeout: float = 1800.0
    """seconds for one build"""
    test_timeout: float = 300.0
    """seconds for the test of one image"""
    test_memory: int = 4 * 1024**3
    """bytes of memory in the test, and of each model that is kept running"""
    test_processes: int = 256
    """processes in the test, and of each model that is kept running"""
    test_disk: int = 1024**3
    """bytes written in the test, and by each model that is kept running"""
    runners: int = 4
    """models kept running for `infer` at once; for another one the least recently used of those at rest is stopped"""
    runner_idle: float = 300.0
    """seconds of rest after which a model is stopped; the next `infer` starts it again"""
    run_timeout: float = 600.0
    """seconds for one run of a model; then 504"""
    max_running: int = 64
    """clients whose `infer` may be under way at once; then 503"""
    sweep_after: float = 86_400.0
    """seconds after which a zip without a record is removed"""
    heal_after: float = 120.0
    """seconds of silence after which `get` asks the engine how a build stands"""
    max_wait: float = 86_400.0
    """seconds that an upload waits for its build at the most; then 202"""
    max_waiting: int = 128
    """clients that may wait for builds or follow logs at once; then uploads get 202, followers 503"""
    project: str = ""
    """On Google Cloud: the project"""
    location: str = ""
    """On Google Cloud: the region of builds, such as `us-central1`"""
    bucket: str = ""
    """On Google Cloud: bucket of the zips"""
    logs_bucket: str = ""
    """On Google Cloud: bucket of the build logs"""
    database: str = ""
    """On Google Cloud: Firestore database"""
    build_service_account: str = ""
    """On Google Cloud: e-mail of the account that builds run as"""
    build_endpoint: str = ""
    """On Google Cloud: of the Cloud Build API, if it is not Google's own"""
    run_service_account: str = ""
    """On Google Cloud: e-mail of the account that models run as for `infer`; it needs no rights"""
    run_subnetwork: str = ""
    """On Google Cloud: the subnetwork that models' traffic goes into, and not out of: without it they may call the
    Internet"""
    run_endpoint: str = ""
    """On Google Cloud: of the Cloud Run API, if it is not Google's own"""
    cache_registry: str = ""
    """On Google Cloud: where builds keep layers for the next one, `:cache` of each name; by default
    `MODELSERVER_REGISTRY`, which must then let tags move"""

    def need(self, name: str) -> str:
        """A setting that has no default. Raises Misconfigured with the variable's name."""
        value = getattr(self, name)
        if not value:
            raise Misconfigured(f"{_PREFIX}{name.upper()} is not set.")
        return str(value)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """An empty variable is one that is not set.

        Raises Misconfigured naming each variable that cannot be used, and what it should hold.
        """
        values: dict[str, object] = {}
        wrong: list[str] = []
        for field in fields(cls):
            text = environment.get(_PREFIX + field.name.upper())
            if not text:
                continue
            try:
                values[field.name] = _parse(field.name, str(field.type), text)
            except ValueError as error:
                shown = "" if field.name in _TOKENS else f"={text!r}"
                wrong.append(f"{_PREFIX}{field.name.upper()}{shown}: say {error}.")
        wrong += _wrong_tokens(values)
        if wrong:
            raise Misconfigured(" ".join(wrong))
        return cls(**values)  # type: ignore[arg-type]


def _wrong_tokens(values: Mapping[str, object]) -> Iterator[str]:
    """A token that would guard nothing."""
    token, read_token = (values.get(name) for name in _TOKENS)
    if read_token and not token:
        yield f"{_PREFIX}READ_TOKEN alone lets everybody write: set {_PREFIX}TOKEN too."
    elif read_token and read_token == token:
        yield f"{_PREFIX}READ_TOKEN is {_PREFIX}TOKEN, so whoever reads could write: choose another."


def _parse(name: str, kind: str, text: str) -> object:
    """Raises ValueError with what the setting may be."""
    if name in _CHOICES and text not in _CHOICES[name]:
        raise ValueError(f"{', '.join(_CHOICES[name][:-1])} or {_CHOICES[name][-1]}")
    if kind == "int":
        return _whole(text)
    if kind == "float":
        return _seconds(text, 0.0 if name in _MAY_BE_NONE else _SHORTEST)
    if name in _TOKENS and not _TOKEN.fullmatch(text):
        raise ValueError("printable ASCII characters, with no space or line break around them")
    return Path(text) if kind.startswith("Path") else text


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0):
        raise ValueError("a whole number from 1 on")
    return int(text)


def _seconds(text: str, least: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= _LONGEST:
        raise ValueError(f"a number of seconds from {least:g} to {_LONGEST:g}")
    return value


_TOOLS = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
)


def tools(environment: Mapping[str, str]) -> dict[str, str]:
    """What a build tool may see of the environment: where things are, the index, proxies; no secret of ours."""
    return {
        name: value
        for name, value in environment.items()
        if name in _TOOLS or name.startswith("UV_") or name.lower().endswith("_proxy")
    }
