"""run() of the model's class, read once: the schema of its inputs and output, and its defaults."""

import ast
import inspect
import os
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from jid.failure import SIGNATURE_UNSUPPORTED, Failure
from jid.model import Asked
from jid.typed import hints
from jid.typed.schema import Schema, Unsupported, is_nullable, narrowed, schema_of

_GUESSED = (str, bool, int, float)  # types that a default value tells of an argument without a hint


class Signature(NamedTuple):
    """What a model takes and gives. `output` is one item's list for a stream; `defaults` are those of jid.Input."""

    input: Schema
    output: Schema
    stream: bool
    defaults: Dict[str, Any]

    def json(self) -> Schema:
        """As it stands in the test's report."""
        return {"Input": self.input, "Output": self.output, "Stream": self.stream}


def signature_of(model: type, source: str) -> Signature:
    """Read `model.run`; source: the directory that places in messages are relative to.

    Raises Failure SIGNATURE_UNSUPPORTED, with file and line, for what JSON and forms cannot carry.
    """
    run = getattr(model, "run", None)
    if not callable(run):
        raise Failure(
            SIGNATURE_UNSUPPORTED,
            "{}: {} has no run() method".format(_class_place(model, source), model.__name__),
        )
    return _Reader(run, source).signature()


class _Reader:
    """Reads one run() function."""

    def __init__(self, run: Callable[..., Any], source: str) -> None:
        self._run = run
        self._source = source
        self._hints = self._evaluated()
        self._defaults: Dict[str, Any] = {}

    def signature(self) -> Signature:
        body = inspect.unwrap(self._run)
        if inspect.iscoroutinefunction(body) or inspect.isasyncgenfunction(body):
            raise self._refused("", "run() must be a plain function or a generator, not async")
        schema = self._inputs()
        hint = self._hints.get("return", Any)
        stream = inspect.isgeneratorfunction(body) or hints.kind_of(hint) == hints.STREAM
        return Signature(schema, self._output(hint, stream), stream, self._defaults)

    def _inputs(self) -> Schema:
        schema: Schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        for parameter in list(inspect.signature(self._run).parameters.values())[1:]:
            if parameter.kind == parameter.VAR_KEYWORD:
                schema["additionalProperties"] = self._described(parameter) or True
            elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
                raise self._refused(parameter.name, "inputs are sent by name, so *{} cannot be".format(parameter.name))
            else:
                schema["properties"][parameter.name] = self._described(parameter)
                if self._is_required(parameter):
                    schema["required"].append(parameter.name)
        return schema

    def _described(self, parameter: inspect.Parameter) -> Schema:
        asked = parameter.default if isinstance(parameter.default, Asked) else None
        default = asked.default if asked else parameter.default
        try:
            schema = schema_of(self._hint(parameter.name, default))
            if default is None and schema and not is_nullable(schema):
                schema = {"anyOf": [schema, {"type": "null"}]}
            if asked:
                schema = narrowed(schema, asked)
        except Unsupported as error:
            raise self._refused(parameter.name, "{}: {}".format(parameter.name, error)) from error
        if asked and default is not ...:
            self._defaults[parameter.name] = default
        return _with_default(schema, default)

    def _hint(self, name: str, default: Any) -> Any:
        if name in self._hints:
            return self._hints[name]
        return type(default) if type(default) in _GUESSED else Any

    def _output(self, hint: Any, stream: bool) -> Schema:
        try:
            schema = schema_of(hint)
        except Unsupported as error:
            raise self._refused("", "the output: {}".format(error)) from error
        return schema if not stream or schema.get("type") == "array" else {"type": "array", "items": schema}

    @staticmethod
    def _is_required(parameter: inspect.Parameter) -> bool:
        if isinstance(parameter.default, Asked):
            return parameter.default.default is ...
        return parameter.default is inspect.Parameter.empty

    def _evaluated(self) -> Dict[str, Any]:
        try:
            return hints.hints_of(self._run)
        except Exception as error:
            detail = "a type cannot be read: {}: {}".format(type(error).__name__, error)
            raise self._refused("", detail + _old_python(error)) from error

    def _refused(self, name: str, detail: str) -> Failure:
        place = _place(inspect.unwrap(self._run), name, self._source)
        return Failure(SIGNATURE_UNSUPPORTED, "{}: {}".format(place, detail))


def _with_default(schema: Schema, default: Any) -> Schema:
    if default is inspect.Parameter.empty or default is ...:
        return schema
    is_json = default is None or isinstance(default, (str, bool, int, float))
    return dict(schema, default=default) if is_json else dict(schema)


def _old_python(error: Exception) -> str:
    """The usual reason on an old Python, where hints of a newer one meet it."""
    if isinstance(error, TypeError) and ("not subscriptable" in str(error) or "for |" in str(error)):
        return " (this Python is older than the notation; write List[...], Dict[...] or Optional[...] from typing)"
    return ""


def _place(function: Callable[..., Any], name: str, source: str) -> str:
    code = getattr(function, "__code__", None)
    if code is None:
        return "run()"
    return "{}:{}".format(os.path.relpath(code.co_filename, source), _line_of(function, name, code.co_firstlineno))


def _line_of(function: Callable[..., Any], name: str, first: int) -> int:
    """The line of the argument called `name`; that of the function where it is not found."""
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(inspect.cleandoc("\n" + "".join(lines)))
    except (OSError, SyntaxError, TypeError):
        return first
    found: List[int] = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.arg) and node.arg == name]
    defined: Optional[int] = next((node.lineno for node in tree.body if isinstance(node, ast.FunctionDef)), 1)
    return first + (found[0] if found else defined or 1) - 1


def _class_place(model: type, source: str) -> str:
    try:
        return "{}:{}".format(
            os.path.relpath(inspect.getsourcefile(model) or "", source), inspect.getsourcelines(model)[1]
        )
    except (OSError, TypeError, ValueError):
        return model.__name__
