"""The peers' environments: each has its own, made once and kept, so that a second run finds it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.catalog import RUNTIME, Peer
from benchmarks.peers.running import folder_size

_PATIENCE = 300.0  # seconds for one peer

_VERSION = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"


def install(peer: Peer, home: Path) -> str:
    """Make the peer's environment below `home`, if it is not there; why that cannot be, else nothing."""
    place = _place(peer, home)
    if not peer.packages or (place / "done").exists():
        return ""
    uv = tool("uv")
    print(f"installing {peer.name} ...", file=sys.stderr, flush=True)
    try:
        _run(uv, "venv", "-q", "--clear", "--python", sys.executable, place)
        _run(uv, "pip", "install", "-q", "--python", place / "bin" / "python", *peer.packages)
    except subprocess.TimeoutExpired:
        return f"installing it took longer than {_PATIENCE:.0f} s"
    except subprocess.CalledProcessError as error:
        return f"it cannot be installed: {_last_line(error.stderr)}"
    (place / "done").touch()
    return ""


def binaries(peer: Peer, home: Path) -> Path:
    """The environment's bin/."""
    return _place(peer, home) / "bin"


def version(peer: Peer, home: Path) -> str:
    """Of the first package; empty for our own."""
    if not peer.packages:
        return ""
    command = [str(binaries(peer, home) / "python"), "-c", _VERSION, peer.packages[0]]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def size(peer: Peer, home: Path) -> float:
    """MB of what is installed, compiled files apart."""
    return folder_size(_place(peer, home) / "lib" if peer.packages else RUNTIME) / 1e6


def tool(name: str) -> str:
    """Where a command is; empty where it is not."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent)) or ""


def _place(peer: Peer, home: Path) -> Path:
    return home / (peer.packages[0] if peer.packages else "jid")


def _run(*words: str | Path) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True, timeout=_PATIENCE)


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason was given")
