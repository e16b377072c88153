"""One target, fuzzed with atheris, guided by what code each case reaches.

    python -m trust.fuzz TARGET [--cases N] [--seed N] [--found FOLDER]

Prints how many cases there were. A case that breaks a promise is kept in FOLDER, with its traceback on stderr, and the
end is 1. `python -m trust.fuzz TARGET FILE ...` tries such cases again.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path
from types import ModuleType

_CODE = ["modelserver", "yaml", "multipart", "packaging"]


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m trust.fuzz", description=__doc__)
    parser.add_argument("target")
    parser.add_argument("files", nargs="*", type=Path, help="cases to try again")
    parser.add_argument("--cases", type=int, default=100_000, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--found", type=Path, default=Path(), help="where cases that break a promise go")
    asked = parser.parse_args(words)
    logging.disable()
    if asked.files:
        return _again(asked.target, asked.files)
    import atheris  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory(prefix="modelserver-fuzz-") as folder:
        return _fuzz(atheris, asked, Path(folder))


def _again(target: str, files: list[Path]) -> int:
    from trust.fuzz.targets import TARGETS

    for file in files:
        TARGETS[target].one(file.read_bytes())
    return 0


def _fuzz(atheris: ModuleType, asked: argparse.Namespace, folder: Path) -> int:
    """Does not return when all is well: libFuzzer ends the process."""
    with atheris.instrument_imports(include=_CODE, enable_loader_override=False):
        from trust.fuzz.targets import TARGETS

        target = TARGETS[asked.target]
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds()):
        (corpus / f"{number:04}").write_bytes(seed)
    words = folder / "words"
    words.write_text("# tokens\n" + "".join(f'"{_escaped(token)}"\n' for token in target.tokens))
    asked.found.mkdir(parents=True, exist_ok=True)
    options = [
        f"-runs={asked.cases}", f"-seed={asked.seed}", f"-max_len={target.longest}", f"-dict={words}",
        f"-artifact_prefix={asked.found}/", "-timeout=20", "-rss_limit_mb=2048", "-verbosity=0",
        "-print_final_stats=1", str(corpus),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], target.one)
    atheris.Fuzz()
    return 0


def _escaped(token: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else f"\\x{ord(c):02x}" for c in token)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
