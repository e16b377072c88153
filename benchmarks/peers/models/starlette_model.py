"""For uvicorn with Starlette, the model in its thread pool: the floor of event loops."""

# mypy: ignore-errors
# the libraries are in environments of their own

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route


def run(text):
    return "x" * 1_000_000 if text == "big" else "hello " + text


async def infer(request):
    if request.headers["content-type"].startswith("multipart/"):
        async with request.form() as form:
            return JSONResponse({"output": str(form["file"].size)})
    asked = await request.json()
    return JSONResponse({"output": await run_in_threadpool(run, asked["text"])})


app = Starlette(routes=[Route("/infer", infer, methods=["POST"])])
