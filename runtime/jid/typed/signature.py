"""run() or run_batch() of the model's class, read once: the schema of inputs and output, and how they are made."""

import inspect
from typing import Any, Callable, Dict, NamedTuple, Optional

from jid.failure import SIGNATURE_UNSUPPORTED, Failure
from jid.model import Asked
from jid.typed import hints
from jid.typed.making import Maker, changes, maker_of
from jid.typed.place import class_place, place
from jid.typed.schema import Unsupported, narrowed, schema_of
from jid.typed.shape import Schema, is_nullable

_GUESSED = (str, bool, int, float)  # types that a default value tells of an argument without a hint


class Signature(NamedTuple):
    """What a model takes and gives. `output` is one item's list for a stream; `defaults` are those of jid.Input.

    makers: of the inputs that are not plain JSON; eager: the names of those that need one even without files.
    others: makes inputs that have no name in the schema. item: makes one input of run_batch() whole.
    """

    input: Schema
    output: Schema
    stream: bool
    defaults: Dict[str, Any]
    makers: Dict[str, Maker]
    eager: Dict[str, Maker]
    others: Optional[Maker]
    item: Optional[Maker] = None

    def json(self) -> Schema:
        """As it stands in the test's report."""
        return {"Input": self.input, "Output": self.output, "Stream": self.stream}


def signature_of(model: type, source: str) -> Signature:
    """Read the class; source: the directory that places in messages are relative to.

    Raises Failure SIGNATURE_UNSUPPORTED, with file and line, for what JSON and forms cannot carry.
    """
    run, batch = getattr(model, "run", None), getattr(model, "run_batch", None)
    if callable(batch):
        return _Batch(batch, run, source).signature()
    if callable(run):
        return _Run(run, source).signature()
    detail = "{}: {} has no run() method".format(class_place(model, source), model.__name__)
    raise Failure(SIGNATURE_UNSUPPORTED, detail)


class _Function:
    """A method of the model's class, and its hints."""

    def __init__(self, function: Callable[..., Any], source: str) -> None:
        self._function = function
        self._source = source
        self._hints = self._evaluated()

    def output(self, hint: Any, stream: bool) -> Schema:
        try:
            schema = schema_of(hint)
        except Unsupported as error:
            raise self.refused("", "the output: {}".format(error)) from error
        return schema if not stream or schema.get("type") == "array" else {"type": "array", "items": schema}

    def refused(self, name: str, detail: str) -> Failure:
        where = place(inspect.unwrap(self._function), name, self._source)
        return Failure(SIGNATURE_UNSUPPORTED, "{}: {}".format(where, detail))

    def _evaluated(self) -> Dict[str, Any]:
        try:
            return hints.hints_of(self._function)
        except Exception as error:
            detail = "a type cannot be read: {}: {}".format(type(error).__name__, error)
            raise self.refused("", detail + _old_python(error)) from error


class _Run(_Function):
    """run(self, ...): its arguments are the inputs."""

    def signature(self) -> Signature:
        body = inspect.unwrap(self._function)
        self._defaults: Dict[str, Any] = {}
        self._makers: Dict[str, Maker] = {}
        self._eager: Dict[str, Maker] = {}
        self._others: Optional[Maker] = None
        schema = self._inputs()
        hint = self._hints.get("return", Any)
        is_generator = inspect.isgeneratorfunction(body) or inspect.isasyncgenfunction(body)
        stream = is_generator or hints.kind_of(hint) == hints.STREAM
        made = (self._defaults, self._makers, self._eager, self._others)
        return Signature(schema, self.output(hint, stream), stream, *made)

    def _inputs(self) -> Schema:
        schema: Schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
        for parameter in list(inspect.signature(self._function).parameters.values())[1:]:
            if parameter.kind == parameter.VAR_KEYWORD:
                schema["additionalProperties"] = self._described(parameter) or True
                self._others = self._makers.pop(parameter.name, None)
            elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
                raise self.refused(parameter.name, "inputs are sent by name, so *{} cannot be".format(parameter.name))
            else:
                schema["properties"][parameter.name] = self._described(parameter)
                if _is_required(parameter):
                    schema["required"].append(parameter.name)
        return schema

    def _described(self, parameter: inspect.Parameter) -> Schema:
        asked = parameter.default if isinstance(parameter.default, Asked) else None
        default = asked.default if asked else parameter.default
        hint = self._hint(parameter.name, default)
        try:
            schema = schema_of(hint)
            if default is None and schema and not is_nullable(schema):
                schema = _nullable(schema)
            if asked:
                schema = narrowed(schema, asked)
        except Unsupported as error:
            raise self.refused(parameter.name, "{}: {}".format(parameter.name, error)) from error
        if asked and default is not ...:
            self._defaults[parameter.name] = default
        self._make(parameter.name, Optional[hint] if default is None and hint is not Any else hint)
        return _with_default(schema, default)

    def _make(self, name: str, hint: Any) -> None:
        maker = maker_of(hint)
        if maker is not None:
            self._makers[name] = maker
            if changes(hint):
                self._eager[name] = maker

    def _hint(self, name: str, default: Any) -> Any:
        if name in self._hints:
            return self._hints[name]
        return type(default) if type(default) in _GUESSED else Any


class _Batch(_Function):
    """run_batch(self, inputs: List[T]) -> List[R]: several runs at once, each with the fields of T as its inputs.

    Where T says nothing, a run() beside it says what the inputs are, and each is a dict.
    """

    def __init__(self, function: Callable[..., Any], run: Any, source: str) -> None:
        super().__init__(function, source)
        self._run = run

    def signature(self) -> Signature:
        names = list(inspect.signature(self._function).parameters)[1:]
        if len(names) != 1:
            raise self.refused("", "run_batch() takes one argument, the list of inputs")
        item = self._member(self._hints.get(names[0], Any))
        output = self.output(self._member(self._hints.get("return", Any)), False)
        if hints.kind_of(item) == hints.RECORD:
            return Signature(self._inputs(names[0], item), output, False, {}, {}, {}, None, maker_of(item))
        if callable(self._run):
            described = _Run(self._run, self._source).signature()
            return described._replace(output=output or described.output, stream=False)
        detail = "say what one input is, as List[T] with T a dataclass or a TypedDict, or write a run() beside it"
        raise self.refused(names[0], "{}: {}".format(names[0], detail))

    def _inputs(self, name: str, item: Any) -> Schema:
        try:
            return schema_of(item)
        except Unsupported as error:
            raise self.refused(name, "{}: {}".format(name, error)) from error

    @staticmethod
    def _member(hint: Any) -> Any:
        arguments = hints.arguments_of(hint) if hints.kind_of(hint) in (hints.LIST, hints.STREAM) else []
        return arguments[0] if arguments else Any


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": schema.get("anyOf", [schema]) + [{"type": "null"}]}


def _is_required(parameter: inspect.Parameter) -> bool:
    if isinstance(parameter.default, Asked):
        return parameter.default.default is ...
    return parameter.default is inspect.Parameter.empty


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
