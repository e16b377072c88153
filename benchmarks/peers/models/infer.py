"""For jid."""

# mypy: ignore-errors
# the libraries are in environments of their own

import time

import jid


class Model(jid.Model):
    def run(self, text: str = "", file: jid.Path = None) -> str:
        if file:
            return str(file.stat().st_size)
        return "x" * 1_000_000 if text == "big" else "hello " + text


class Slow(jid.Model):
    """50 ms a run."""

    def run(self, text: str) -> str:
        time.sleep(0.05)
        return "hello " + text


class Batched(Slow):
    """50 ms a batch."""

    batch_size = 16

    def run_batch(self, inputs: list) -> list:
        time.sleep(0.05)
        return ["hello " + one["text"] for one in inputs]
