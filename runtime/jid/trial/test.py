"""`jid test`: every example of the package, run in the model's process and compared with what it expects."""

import json
import os
import shutil
import tempfile
import time
from typing import Any, Dict, List, Optional, Tuple

from jid import mediatype, message
from jid.config import Config, Example
from jid.failure import EXAMPLE_DIFFERS, INPUT_INVALID, NO_EXAMPLES, Failure
from jid.keep.process import Described, Process
from jid.keep.starting import start
from jid.message import Message
from jid.order import File, closed
from jid.trial.compare import difference, file_difference
from jid.trial.report import Report, Tried, shown_file, shown_value
from jid.typed.check import InputInvalid, check
from jid.typed.sample import sample
from jid.web.dataurl import saved

_PRINTS = 1 << 20  # bytes of what the model prints that are shown
_ASIDE = 60.0  # seconds for what is asked beside runs


async def test(config: Config) -> Report:
    """Run the examples one after another; a process that died is started again for the next."""
    temporary = tempfile.mkdtemp(prefix="jid-test-")
    bench = _Bench(config, os.path.realpath(temporary))
    failure: Optional[Failure] = None
    tried: List[Tried] = []
    try:
        for example in await bench.examples():
            tried.append(await bench.tried(example))  # noqa: PERF401  # a failure must leave those before it
        await bench.look_around()
    except Failure as raised:
        failure = raised
    finally:
        await bench.clear()
        shutil.rmtree(temporary, ignore_errors=True)
    first = next((one.failure for one in tried if one.failure), None)
    return Report(tried, bench.setup_seconds, bench.described, failure or first, bench.packages)


class _Bench:
    """Holds the process in which the examples run."""

    def __init__(self, config: Config, temporary: str) -> None:
        self._config = config
        self._temporary = temporary
        self._process: Optional[Process] = None
        self.described: Optional[Described] = None
        self.setup_seconds = 0.0
        self.packages: Dict[str, str] = {}
        self._is_set_up = False

    async def examples(self) -> List[Example]:
        """The package's own, or one run on the defaults. Raises Failure NO_EXAMPLES, or why the class is unusable."""
        self._process = await start(self._config, _PRINTS, self._temporary)
        self.described = await self._process.described()
        if self._config.examples:
            return self._config.examples
        required = self.described.input["required"]
        if required:
            raise Failure(NO_EXAMPLES, _please_add(self.described))
        return [Example({}, False, None, None)]

    async def tried(self, example: Example) -> Tried:
        """Run one example. Raises Failure when the model cannot be set up."""
        running = await self._ready()
        started = time.monotonic()
        output: Any = None
        failure: Optional[Failure] = None
        try:
            order = self._order(example)
            started = time.monotonic()
            output, path = await self._output(running, order)
            failure = await self._verdict(running, example, output, path)
            output = shown_file(path) if path else shown_value(output)
        except Failure as raised:
            failure = self._forgiven(example, raised)
        return Tried(example.input, example.output, output, time.monotonic() - started, failure)

    async def look_around(self) -> None:
        """Ask the process for the packages that it sees; one that died has told enough."""
        if self._process and self._process.takes_runs():
            self.packages = await self._asked(self._process, Message(message.VERSIONS)) or {}

    async def clear(self) -> None:
        """End the model's process."""
        if self._process:
            await self._process.stop()

    async def _ready(self) -> Process:
        if self._process and self._process.is_gone():
            self._process = await start(self._config, _PRINTS, self._temporary)
            await self._process.described()
            self._is_set_up = False
        assert self._process is not None
        if not self._is_set_up:
            self.setup_seconds = await self._process.set_up(self._config.settings.setup_timeout)
            self._is_set_up = True
        return self._process

    def _order(self, example: Example) -> bytes:
        assert self.described is not None
        try:
            return closed(check(self.described.input, example.input, self._file))
        except InputInvalid as error:
            raise Failure(INPUT_INVALID, "the example's input does not fit run(): {}".format(error)) from error

    async def _output(self, running: Process, order: bytes) -> Tuple[Any, str]:
        """The output as JSON, or the path of the file that it is."""
        run = running.start(order)
        timer = running.limit(self._config.settings.timeout, "run()")
        items: List[Any] = []
        try:
            heard = await run.next()
            while heard.kind == message.ITEM:
                items.append(_decoded(heard))
                heard = await run.next()
        finally:
            run.close()
            if timer:
                timer.cancel()
            if not running.takes_runs():
                await running.ended()
        if heard.kind == message.END:
            return items, ""
        return _decoded(heard), heard.content().decode("utf-8", "surrogateescape") if heard.note == message.FILE else ""

    async def _verdict(self, running: Process, example: Example, output: Any, path: str) -> Optional[Failure]:
        if example.error is not None:
            return Failure(
                EXAMPLE_DIFFERS,
                "expected an error with {!r} in it, and run() gave an output".format(example.error),
            )
        if not example.has_output:
            return None
        if path and isinstance(example.output, str) and example.output.startswith("@"):
            differs = await self._files_differ(running, self._inside(example.output), path)
        else:
            differs = difference(example.output, "the file " + os.path.basename(path) if path else output)
        return Failure(EXAMPLE_DIFFERS, differs) if differs else None

    async def _files_differ(self, running: Process, expected: str, got: str) -> Optional[str]:
        """Byte by byte, or for images by how they look, where the model has Pillow to say."""
        differs = file_difference(expected, got)
        if differs is None or not (mediatype.of_name(expected).startswith("image/") and running.takes_runs()):
            return differs
        question = json.dumps([expected, got]).encode("utf-8")
        looks = await self._asked(running, Message(message.COMPARE, 0, "", question))
        return differs if looks is None else differs + "; " + looks if looks else None

    async def _asked(self, running: Process, question: Message) -> Any:
        timer = running.limit(_ASIDE, "an answer of the model's process")
        try:
            return await running.ask(question)
        except Failure:
            return None
        finally:
            if timer:
                timer.cancel()

    @staticmethod
    def _forgiven(example: Example, raised: Failure) -> Optional[Failure]:
        if example.error is None:
            return raised
        if example.error in raised.detail:
            return None
        return Failure(raised.code, "expected an error with {!r} in it, got: {}".format(example.error, raised.detail))

    def _file(self, text: str) -> File:
        """A copy of a file in the package for an input; a model may do to it what it likes."""
        if not text.startswith("@"):
            return saved(text, tempfile.mkdtemp(dir=self._temporary))
        try:
            path = self._inside(text)
        except Failure as failure:
            raise ValueError(failure.detail) from failure
        copy = os.path.join(tempfile.mkdtemp(dir=self._temporary), os.path.basename(path))
        shutil.copyfile(path, copy)
        return File(copy, os.path.basename(path))

    def _inside(self, text: str) -> str:
        path = os.path.realpath(os.path.join(self._config.source, text[1:]))
        if not path.startswith(self._config.source + os.sep):
            raise Failure(INPUT_INVALID, "{} leads out of the package".format(text))
        if not os.path.isfile(path):
            raise Failure(INPUT_INVALID, "{}: the package has no such file".format(text))
        return path


def _decoded(heard: message.Message) -> Any:
    text = heard.content().decode("utf-8", "surrogateescape")
    if heard.note == message.FILE:
        return shown_file(text)
    return json.loads(text) if heard.note == message.JSON else text


def _please_add(described: Described) -> str:
    return "run() needs {}, so say in jid.yaml what to test it with, for example:\nexamples:\n  - input: {}".format(
        ", ".join(described.input["required"]), json.dumps(sample(described.input), ensure_ascii=False)
    )
