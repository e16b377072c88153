"""For cog."""

# ruff: noqa: B008

# mypy: ignore-errors
# the libraries are in environments of their own

from cog import BasePredictor, Input, Path


class Predictor(BasePredictor):
    def predict(self, text: str = Input(default=""), file: Path = Input(default=None)) -> str:
        if file:
            return str(file.stat().st_size)
        return "x" * 1_000_000 if text == "big" else "hello " + text


class AsyncPredictor(BasePredictor):
    async def predict(self, text: str = Input(default=""), file: Path = Input(default=None)) -> str:
        if file:
            return str(file.stat().st_size)
        return "x" * 1_000_000 if text == "big" else "hello " + text
