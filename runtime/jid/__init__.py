"""jid: what a model's code imports, and the server that runs it.

A model is a class with `run(self, ...)` and, where there is something to load, `setup(self)`:

    import jid

    class Model(jid.Model):
        def run(self, text: str, times: int = jid.Input(1, ge=1, le=10)) -> str:
            return " ".join([text] * times)
"""

from jid.model import Input, Model, Path

__all__ = ["Input", "Model", "Path"]
