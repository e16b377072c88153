"""The servers that are compared: what is installed, how each is started and asked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

MODELS = Path(__file__).parent / "models"
RUNTIME = Path(__file__).parents[2] / "runtime" / "jid"


class Peer(NamedTuple):
    """One server. `command` starts it with {bin} its environment, {port} and {other} and {third} free ports.

    body: with {text} in the place of the text. file: how a file is sent: a multipart field's name after the
    address, or JSON with {file} in the place of its base64. apart: the model has a process of its own.
    floor: no server of models, but the least that a framework of HTTP costs.
    """

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    path: str
    body: str
    file: str
    apart: bool = True
    environment: tuple[tuple[str, str], ...] = ()
    floor: bool = False


def _triton(name: str) -> str:
    return json.dumps({"inputs": [{"name": name, "shape": [1], "datatype": "BYTES", "data": ["{" + name + "}"]}]})


def _mlserver(workers: int) -> Peer:
    ports = (("MLSERVER_HTTP_PORT", "{port}"), ("MLSERVER_GRPC_PORT", "{other}"), ("MLSERVER_METRICS_PORT", "{third}"))
    more = (("MLSERVER_HOST", "127.0.0.1"), ("MLSERVER_PARALLEL_WORKERS", str(workers)), ("MLSERVER_DEBUG", "false"))
    return Peer(
        name="mlserver, one worker" if workers else "mlserver, no worker",
        packages=("mlserver", "uvloop<0.22"),
        command=("{bin}/mlserver", "start", "."),
        path="/v2/models/echo/infer",
        body=_triton("text"),
        file=_triton("file"),
        apart=workers > 0,
        environment=ports + more,
    )


def _cog(name: str, stub: str, slots: int) -> Peer:
    return Peer(
        name=name,
        packages=("cog", "coglet"),
        command=("{bin}/python", "-m", "cog.server.http"),
        path="/predictions",
        body='{"input": {"text": "{text}"}}',
        file='{"input": {"file": "data:application/octet-stream;base64,{file}"}}',
        environment=(
            ("PORT", "{port}"),
            ("COG_PREDICT_TYPE_STUB", stub),
            ("COG_MAX_CONCURRENCY", str(slots)),
            ("COG_LOG_LEVEL", "error"),
        ),
    )


def _jid(name: str, model: str) -> Peer:
    start = (sys.executable, "-I", "-S", str(RUNTIME / "__main__.py"))  # as in an image
    command = (*start, "serve", "--host", "127.0.0.1", "--port", "{port}")
    environment = (("JID_CONFIG", "{folder}/" + model + ".json"), ("JID_SOURCE", "{folder}"))
    return Peer(name, (), command, "/infer", '{"text": "{text}"}', "multipart /infer", environment=environment)


JID = _jid("jid", "Model")
ONE_BY_ONE = _jid("one at a time", "Slow")
IN_BATCHES = _jid("run_batch of 16", "Batched")

PEERS = (
    Peer(
        "gunicorn+Flask (floor)",
        ("flask", "gunicorn"),
        ("{bin}/gunicorn", "-w", "1", "-b", "127.0.0.1:{port}", "--log-level", "error", "flask_model:app"),
        "/infer",
        '{"text": "{text}"}',
        "multipart /infer",
        apart=False,
        floor=True,
    ),
    Peer(
        "uvicorn+Starlette (floor)",
        ("starlette", "uvicorn", "httptools", "uvloop", "python-multipart"),
        ("{bin}/uvicorn", "--port", "{port}", "--log-level", "error", "--no-access-log", "starlette_model:app"),
        "/infer",
        '{"text": "{text}"}',
        "multipart /infer",
        apart=False,
        floor=True,
    ),
    _cog("cog", "cog_model.py:Predictor", 1),
    _cog("cog, async, 16 slots", "cog_model.py:AsyncPredictor", 16),
    Peer(
        "litserve",
        ("litserve", "python-multipart"),
        ("{bin}/python", "litserve_model.py"),
        "/predict",
        '{"text": "{text}"}',
        "multipart /predict",
        environment=(("PORT", "{port}"),),
    ),
    Peer(
        "bentoml",
        ("bentoml",),
        ("{bin}/bentoml", "serve", "bentoml_model:Echo", "--host", "127.0.0.1", "--port", "{port}"),
        "/run",
        '{"text": "{text}"}',
        "multipart /size",
        environment=(("BENTOML_DO_NOT_TRACK", "true"),),
    ),
    _mlserver(1),
    _mlserver(0),
    JID,
)
