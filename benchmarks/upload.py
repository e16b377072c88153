"""Upload of 1 GiB of stored random bytes, to the 202, beside docker-registry's blob PUT of the same bytes.

    python -m benchmarks.upload [--size MIB] [--rounds N]

Needs docker-registry on PATH (Debian: apt-get install docker-registry) and curl. The two take turns; each
round starts both anew over an empty folder of the same file system. Peak memory is VmHWM, summed over the
server's processes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.measuring import free_port, peak_memory

_MIB = 1024**2
_REGISTRY = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.upload", description=__doc__)
    parser.add_argument("--size", type=int, default=1024, help="MiB (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    asked = parser.parse_args(words)
    if not shutil.which("docker-registry"):
        sys.exit("docker-registry is missing: apt-get install docker-registry")
    with tempfile.TemporaryDirectory(prefix="modelserver-bench-", dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        package = _package(folder, asked.size)
        rows = [_round(folder, package, number) for number in range(asked.rounds)]
    _print(rows)


def _package(folder: Path, size: int) -> Path:
    """A zip with one stored file of random bytes."""
    path = folder / "package.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("jid.yaml", "name: bench/large\nmodel: infer.py:Model\n")
        archive.writestr("infer.py", "class Model:\n    def run(self):\n        return 'ok'\n")
        with archive.open("weights.bin", "w", force_zip64=True) as weights:
            for _ in range(size):
                weights.write(os.urandom(_MIB))
    return path


def _round(folder: Path, package: Path, number: int) -> tuple[float, float, int, int]:
    """Seconds of modelserver and of the registry, then their peak memory in bytes."""
    ours, our_memory = _modelserver(folder / f"ours{number}", package)
    theirs, their_memory = _registry(folder / f"theirs{number}", package)
    return ours, theirs, our_memory, their_memory


def _modelserver(folder: Path, package: Path) -> tuple[float, int]:
    port = free_port()
    command = [sys.executable, "-m", "local", "--port", str(port), "--data", str(folder), "--engine", "process"]
    with _running(command, f"http://127.0.0.1:{port}/v1/health") as pid:
        seconds = _curl(
            f"http://127.0.0.1:{port}/v1/packages/upload",
            "202",
            *("--request", "POST", "--header", "Prefer: respond-async", "--header", "Content-Type: application/zip"),
            *("--upload-file", str(package)),
        )
        memory = peak_memory(pid)
    shutil.rmtree(folder)
    return seconds, memory


def _registry(folder: Path, package: Path) -> tuple[float, int]:
    port = free_port()
    folder.mkdir()
    config = folder.with_suffix(".yml")
    config.write_text(_REGISTRY.format(folder=folder, port=port))
    digest = _sha256(package)
    with _running(["docker-registry", "serve", str(config)], f"http://127.0.0.1:{port}/v2/") as pid:
        begin = Request(f"http://127.0.0.1:{port}/v2/bench/large/blobs/uploads/", method="POST")
        with urlopen(begin) as answer:
            location = answer.headers["Location"]
        seconds = _curl(
            f"{location}&digest=sha256:{digest}",
            "201",
            *("--header", "Content-Type: application/octet-stream", "--upload-file", str(package)),
        )
        memory = peak_memory(pid)
    shutil.rmtree(folder)
    return seconds, memory


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_MIB):
            digest.update(chunk)
    return digest.hexdigest()


def _curl(address: str, expected: str, *words: str) -> float:
    """Seconds from the first byte sent to the answer."""
    os.sync()
    began = time.perf_counter()
    done = subprocess.run(
        ["curl", "--silent", "--output", os.devnull, "--write-out", "%{http_code}", *words, address],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - began
    if done.stdout != expected:
        sys.exit(f"{address} answered {done.stdout}, not {expected}")
    return seconds


@contextmanager
def _running(command: list[str], address: str) -> Iterator[int]:
    """The server's process ID, from its first answer on; it is ended at the end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _await(address)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _await(address: str) -> None:
    for _ in range(200):
        try:
            urlopen(address).close()
        except URLError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"no answer from {address}")


def _print(rows: list[tuple[float, float, int, int]]) -> None:
    print(f"{'round':>6} {'modelserver s':>14} {'registry s':>11} {'ratio':>6} {'our peak MB':>12} {'its peak MB':>12}")
    for number, (ours, theirs, our_memory, their_memory) in enumerate(rows, 1):
        memory = f"{our_memory / 1e6:>12.0f} {their_memory / 1e6:>12.0f}"
        print(f"{number:>6} {ours:>14.2f} {theirs:>11.2f} {ours / theirs:>6.2f} {memory}")
    ratio = median(ours / theirs for ours, theirs, *_ in rows)
    most = max(our_memory for _, _, our_memory, _ in rows)
    print(f"median ratio {ratio:.2f}, peak memory {most / 1e6:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
