"""The contract of port Runner; every implementation runs it, with real models where it is real."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from itertools import count, islice

import pytest

from modelserver.errors import BadRequest, NotReady
from modelserver.memory import MemoryRunner
from modelserver.package import Artifact, Outcome, Package
from modelserver.ports import Call, Reply
from tests.cloud.runs import cloudrun_world
from tests.packages import HELLO, record
from tests.runners import RunnerWorld, json_call, local_world, whole

COUNTING = """
from typing import Iterator
class Model:
    def run(self, upto: int = 3) -> Iterator[int]:
        number = 0
        while number != upto:
            yield number
            number += 1
"""
MIRROR = """
import jid
class Model(jid.Model):
    def run(self, file: jid.Path = None) -> str:
        import hashlib
        return hashlib.sha256(open(file, "rb").read()).hexdigest() if file else ""
"""
LARGE = """
class Model:
    def run(self, mebibytes: int = 1) -> str:
        return "0123456789abcdef" * (mebibytes << 16)
"""
_MIB = 1024**2
_PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'


_REAL = [pytest.param(name, marks=pytest.mark.docker) for name in ("docker", "cloudrun")]


@pytest.fixture(params=["memory", "process", *_REAL], scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerWorld]:
    """One for the whole suite: a model that was built for one test serves the next one too."""
    if request.param == "memory":
        yield _memory()
        return
    if request.param == "cloudrun":
        with cloudrun_world(tmp_path_factory.mktemp("world")) as (world, _):
            yield world
        return
    with local_world(request.param, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def ready(world: RunnerWorld) -> Callable[[str], Package]:
    """The package of this code, built once."""
    known: dict[str, Package] = {}

    def find(code: str) -> Package:
        if code not in known:
            known[code] = world.ready(code)
        return known[code]

    return find


def _memory() -> RunnerWorld:
    """What the models do, written down once more."""
    runner, numbers = MemoryRunner(), count(1)

    def ready(code: str) -> Package:
        package = record(next(numbers)).ended(Outcome((Artifact("memory", "memory:it"),)))
        runner.models[package.build] = lambda call: _played(code, call)
        return package

    return RunnerWorld(runner, ready)


def _played(code: str, call: Call) -> Reply:
    body = b"".join(call.body)
    if code == MIRROR:
        file = body.partition(_PART)[2].removesuffix(b"\r\n--x--\r\n")
        return _text(iter([hashlib.sha256(file).hexdigest().encode()]))
    inputs = json.loads(body)
    if code == COUNTING:
        upto = inputs.get("upto", 3)
        return _text(b"%d\n" % number for number in (count() if upto < 0 else range(upto)))
    if code == LARGE:
        return _text(b"0123456789abcdef" * (_MIB // 16) for _ in range(inputs["mebibytes"]))
    if not isinstance(inputs.get("text", ""), str):
        return Reply(422, {"content-type": "application/problem+json"}, iter([b'{"code": "INPUT_INVALID"}']))
    return _text(iter([b"hello " + inputs.get("text", "world").encode()]))


def _text(body: Iterator[bytes]) -> Reply:
    return Reply(200, {"content-type": "text/plain; charset=utf-8"}, body)


def test_a_model_answers_what_its_own_server_does(world: RunnerWorld, ready: Callable[[str], Package]) -> None:
    reply = world.runner.infer(ready(HELLO), json_call('{"text": "you"}'))
    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert whole(reply) == b"hello you"


def test_only_the_first_call_starts_something(world: RunnerWorld) -> None:
    package = world.ready(HELLO)
    replies = [world.runner.infer(package, json_call()) for _ in range(3)]
    assert [whole(reply) for reply in replies] == [b"hello world"] * 3
    assert [reply.started for reply in replies] == [True, False, False]


def test_a_refusal_of_the_model_is_an_answer(world: RunnerWorld, ready: Callable[[str], Package]) -> None:
    reply = world.runner.infer(ready(HELLO), json_call('{"text": 5, "more": 1}'))
    assert (reply.status, reply.headers["content-type"]) == (422, "application/problem+json")
    assert json.loads(whole(reply))["code"] == "INPUT_INVALID"


def test_what_a_model_yields_comes_before_it_has_ended(world: RunnerWorld, ready: Callable[[str], Package]) -> None:
    """This one never does. Whoever has seen enough closes, and the model is free for the next one."""
    reply = world.runner.infer(ready(COUNTING), json_call('{"upto": -1}'))
    seen = b"".join(islice(reply.body, 3))
    reply.close()
    assert seen.startswith(b"0\n1\n2\n")
    assert whole(world.runner.infer(ready(COUNTING), json_call())) == b"0\n1\n2\n"


def test_a_large_body_goes_there_whose_size_nobody_knows(world: RunnerWorld, ready: Callable[[str], Package]) -> None:
    chunks = [_PART, *[b"m" * _MIB] * 8, b"\r\n--x--\r\n"]
    reply = world.runner.infer(ready(MIRROR), Call(iter(chunks), None, "multipart/form-data; boundary=x"))
    assert whole(reply).decode() == hashlib.sha256(b"m" * 8 * _MIB).hexdigest()


def test_a_large_answer_comes_back_piece_by_piece(world: RunnerWorld, ready: Callable[[str], Package]) -> None:
    reply = world.runner.infer(ready(LARGE), json_call('{"mebibytes": 20}'))
    pieces = [len(piece) for piece in reply.body]
    reply.close()
    assert sum(pieces) == 20 * _MIB
    assert max(pieces) <= _MIB


def test_a_call_whose_body_breaks_off_is_no_run(world: RunnerWorld, ready: Callable[[str], Package]) -> None:
    def body() -> Iterator[bytes]:
        yield b'{"text": '
        raise BadRequest("it broke off")

    with pytest.raises(BadRequest, match="it broke off"):
        world.runner.infer(ready(HELLO), Call(body(), 100, "application/json"))
    assert whole(world.runner.infer(ready(HELLO), json_call())) == b"hello world"


def test_calls_side_by_side_each_get_their_own_answer(world: RunnerWorld, ready: Callable[[str], Package]) -> None:
    package, seen = ready(HELLO), dict[int, bytes]()

    def ask(number: int) -> None:
        seen[number] = whole(world.runner.infer(package, json_call(json.dumps({"text": str(number)}))))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: f"hello {number}".encode() for number in range(8)}


def test_removing_ends_a_call_that_is_under_way(world: RunnerWorld) -> None:
    package = world.ready(COUNTING)
    reply = world.runner.infer(package, json_call('{"upto": -1}'))
    next(reply.body)
    world.runner.remove(package)
    with pytest.raises(ConnectionError):
        for _ in reply.body:
            pass
    reply.close()
    world.runner.remove(package)


def test_what_was_never_started_is_removed_without_a_word(world: RunnerWorld) -> None:
    world.runner.remove(record(998))


def test_a_package_without_anything_to_run_is_refused(world: RunnerWorld) -> None:
    package = record(997).ended(Outcome((Artifact("typewriter", "x:y"),)))
    with pytest.raises(NotReady):
        world.runner.infer(package, json_call())
