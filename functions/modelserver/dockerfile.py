"""A completed config as the text of a Dockerfile.

The build context is `runtime/jid/*.py`, `model/jid.json` and `model/src/<the package's files>`. The
instructions are the same for all values: each value matched a grammar (jidyaml/grammar.py) when it came in, and is
quoted for the language it stands in all the same. Only features of the classic builder are used, so that
any engine can build it. Layers go from what seldom changes to what often does; a change of code alone makes
one new layer, the COPY of model/.

GPU images stand on the slim Python image too, and take CUDA and cuDNN from nvidia/cuda. The other way round
does not hold: an official Python is linked against Debian's glibc (2.36 on bookworm, 2.41 on trixie), newer
than that of nearly every NVIDIA image (Ubuntu 16.04 has 2.23, 18.04 2.27, 20.04 2.31, 22.04 2.35), and a
program does not run on an older glibc than its own. NVIDIA's libraries are built for the oldest glibc that
CUDA supports, so they run on the newer one.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from modelserver.config import Architecture, Config
from modelserver.errors import Misconfigured
from modelserver.wheels import Wheels

_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9._:/-]{0,250}/)", re.ASCII)
_INDEX = re.compile(r"https?://[A-Za-z0-9._~:/?@!$&()*+,;=%\[\]-]{1,500}", re.ASCII)

# Set for one RUN, not in the image: PEP 668 marks Debian's own Python, and old pips know no such options.
_PIP = (
    "PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1 "
    "PIP_DISABLE_PIP_VERSION_CHECK=1 python -m pip install"
)
_NO_LABELS: Mapping[str, str] = MappingProxyType({})
_GATHER_CUDA = (
    "mkdir -p /opt/cuda/jid && cp -a /usr/local/cuda/. /opt/cuda/ && find /opt/cuda -name '*.a' -delete && "
    "find /usr/lib -name 'libcu[db][nl]*.so.*' -exec cp -a {} /opt/cuda/jid/ ';'"
)
# First found, first used: a cuDNN among the Python packages goes before the image's own.
_CUDA_FOLDERS = (
    "/usr/local/lib/python{python}/site-packages/nvidia/cudnn/lib",
    "/usr/local/cuda/lib64",
    "/usr/local/cuda/jid",
    "/usr/local/cuda/extras/CUPTI/lib64",
)


def dockerfile(
    config: Config,
    architecture: Architecture,
    wheels: Wheels,
    *,
    labels: Mapping[str, str] = _NO_LABELS,
    base_image_prefix: str = "",
    package_index: str = "",
) -> str:
    """The Dockerfile of one architecture, ending in a newline.

    wheels: what `completion.wheels` gave for this architecture. labels: of the image, see `labels_of`.
    base_image_prefix: stands before every base image, "mirror.example.com/dockerhub/". package_index: the
    index pip uses, as a URL; it is in the build's history, so it may not hold a password.
    Raises Misconfigured when a prefix or an index is not one.
    """
    check_sources(base_image_prefix, package_index)
    lines = [
        *_base(config, wheels, base_image_prefix),
        "RUN useradd --create-home --uid 1000 --shell /usr/sbin/nologin jid",
        *_system_packages(config),
        *_python_packages(config, wheels, package_index),
        "COPY runtime/ /opt/jid/",
        "RUN python -I -m compileall -q /opt/jid",  # nobody can write there later, so each start would do it
        *_process(architecture),
        "COPY model/ /model/",
        *_labels(labels),
    ]
    return "\n".join(lines) + "\n"


def labels_of(config: Config, package_id: str = "") -> dict[str, str]:
    """What an image says of itself. package_id: where it is known."""
    named = {"org.opencontainers.image.title": str(config.name)}
    return named | {"modelserver.package": package_id} if package_id else named


def check_sources(base_image_prefix: str, package_index: str) -> None:
    """Raises Misconfigured when what would stand in front of a base image, or of pip, cannot."""
    if base_image_prefix and not _PREFIX.fullmatch(base_image_prefix):
        raise Misconfigured(
            f"MODELSERVER_BASE_IMAGE_PREFIX={base_image_prefix!r} is not like mirror.example.com/dockerhub/ "
            "(lower case, with a slash at the end)."
        )
    if "@" in package_index.partition("://")[2].partition("/")[0]:
        raise Misconfigured(
            "MODELSERVER_PACKAGE_INDEX holds a user or a password, which would be shown by POST /v1/packages/check and "
            "stay in every image. Name a mirror that needs none; the process engine alone may be given them in "
            "UV_DEFAULT_INDEX or ~/.netrc."
        )
    if package_index and not _INDEX.fullmatch(package_index):
        raise Misconfigured(
            f"MODELSERVER_PACKAGE_INDEX={package_index!r} is not like https://mirror.example.com/simple/."
        )


def _base(config: Config, wheels: Wheels, prefix: str) -> Iterator[str]:
    slim = f"FROM {prefix}python:{config.environment.python_version}-slim"
    if not wheels.cuda_image:
        yield slim
        return
    yield f"FROM {prefix}nvidia/cuda:{wheels.cuda_image} AS cuda"
    yield f"RUN {_GATHER_CUDA}"
    yield slim
    yield "COPY --from=cuda /opt/cuda/ /usr/local/cuda/"
    folders = shlex.join(folder.format(python=config.environment.python_version) for folder in _CUDA_FOLDERS)
    yield f"RUN printf '%s\\n' {folders} > /etc/ld.so.conf.d/000-cuda.conf && ldconfig"
    yield "ENV CUDA_HOME=/usr/local/cuda PATH=/usr/local/cuda/bin:$PATH"


def _system_packages(config: Config) -> Iterator[str]:
    names = sorted(config.environment.system_packages or ())
    if names:
        yield (
            "RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes "
            f"--no-install-recommends {shlex.join(names)} && rm -rf /var/lib/apt/lists/*"
        )


def _python_packages(config: Config, wheels: Wheels, index: str) -> Iterator[str]:
    """The requirements file has a layer of its own: it changes less often than one thinks, and costs most."""
    where = _where(wheels, index)
    linked = " && ldconfig" if wheels.cuda_image else ""
    path = config.environment.python_requirements
    if path:
        yield f"COPY {json.dumps([f'model/src/{path}', '/tmp/requirements.txt'])}"  # noqa: S108
        words = [*where, "--requirement", "/tmp/requirements.txt", *wheels.of_requirements]  # noqa: S108
        yield f"RUN {_PIP} {shlex.join(words)}{linked}"
    others = [package for package in wheels.packages if package not in wheels.of_requirements]
    if others:
        yield f"RUN {_PIP} {shlex.join([*where, *others])}{linked}"


def _where(wheels: Wheels, index: str) -> list[str]:
    words = ["--index-url", index] if index else []
    for url in wheels.extra_index_urls:
        words += ["--extra-index-url", url]
    for url in wheels.find_links:
        words += ["--find-links", url]
    return words


def _process(architecture: Architecture) -> Iterator[str]:
    """How the container runs; before the code, so that the code's layer is the last.

    -I and -S keep the user's files, PYTHONPATH and site-packages, with what *.pth files there run, out of the server's
    process; the model's process gets all of them.
    """
    yield ("ENV JID_CONFIG=/model/jid.json JID_SOURCE=/model/src PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1")
    if architecture == "gpu":
        yield "ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility"
    yield "WORKDIR /model/src"
    yield "USER jid"
    yield "EXPOSE 5000"
    yield 'ENTRYPOINT ["python", "-I", "-S", "/opt/jid/jid/__main__.py"]'
    yield 'CMD ["serve"]'


def _labels(labels: Mapping[str, str]) -> Iterator[str]:
    """In one instruction: the classic builder starts a container for each."""
    if labels:
        yield "LABEL " + " ".join(f"{name}={json.dumps(value)}" for name, value in labels.items())
