"""For bentoml."""

# mypy: ignore-errors
# the libraries are in environments of their own

from pathlib import Path

import bentoml


@bentoml.service(workers=1)
class Echo:
    @bentoml.api
    def run(self, text: str) -> str:
        return "x" * 1_000_000 if text == "big" else "hello " + text

    @bentoml.api
    def size(self, file: Path) -> str:
        return str(file.stat().st_size)
