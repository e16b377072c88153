"""jid.yaml: bytes to a Config, or every fault in it at once, each with its place and cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from difflib import get_close_matches
from typing import cast

from modelserver.config import Architecture, Config, Environment, Example, ModelName
from modelserver.errors import Fault
from modelserver.faults import Faults
from modelserver.jidyaml import grammar
from modelserver.jidyaml import tree as yamltree
from modelserver.jidyaml.scalars import Wronged, to_json
from modelserver.jidyaml.tree import Array, Node, Scalar, Table, join, shown
from modelserver.jsontypes import JSON, Object
from modelserver.pins import Pin

MOST_BYTES = yamltree.MAX_SIZE

_TOP = ("name", "model", "environment", "examples")
_ENVIRONMENT = (
    "python_version",
    "python_requirements",
    "python_packages",
    "system_packages",
    "architectures",
    "cuda",
    "cudnn",
)
_EXAMPLE = ("input", "output", "error")
_NULLS = ("", "~", "null", "Null", "NULL")

Rule = Callable[[str], grammar.Wrong | None]


def parse(text: bytes, members: Set[str] | None = None) -> Config:
    """Reads jid.yaml. members: the paths of the package's files; None where only the YAML is at hand.

    Raises InvalidPackage with all faults, whatever the bytes are, and nothing else.
    """
    found: list[Fault] = []
    tree = yamltree.read(text, found)
    config = _Form(found, members).config(tree)
    faults = Faults()
    aliases = {fault.pointer for fault in found if fault.code == yamltree.ALIAS}
    faults.add(fault for fault in _in_order(found) if fault.pointer not in aliases or fault.code == yamltree.ALIAS)
    faults.settle("jid.yaml")
    return config


def _in_order(found: list[Fault]) -> list[Fault]:
    return sorted(found, key=lambda fault: fault.line or 0)


@dataclass(frozen=True)
class _Field:
    pointer: str
    node: Node

    @property
    def said(self) -> bool:
        return not (isinstance(self.node, Scalar) and self.node.plain and self.node.text in _NULLS)


class _Form:
    """Reads field by field and goes on after each fault, so that all are found."""

    def __init__(self, faults: list[Fault], members: Set[str] | None) -> None:
        self._faults = faults
        self._members = members

    def config(self, tree: Node | None) -> Config:
        if tree is None and self._faults:
            return Config(ModelName(""), "")
        whole = _Field("", tree or Table((), 1))
        top = self._table(whole, _TOP)
        self._require(whole, top, "name: andreas/scratch")
        self._require(whole, top, "model: infer.py:Model")
        return Config(
            name=ModelName(self._text(top.get("name"), grammar.name)),
            model=self._model(top.get("model")),
            environment=self._environment(top.get("environment")),
            examples=self._examples(top.get("examples")),
        )

    def _environment(self, field: _Field | None) -> Environment:
        known = self._table(field, _ENVIRONMENT) if field else {}
        return Environment(
            python_version=self._text(known.get("python_version"), grammar.python_version),
            python_requirements=self._file(known.get("python_requirements")),
            python_packages=self._texts(known.get("python_packages"), grammar.python_package, _package_name),
            system_packages=self._texts(known.get("system_packages"), grammar.system_package, _debian_name),
            architectures=self._architectures(known.get("architectures")),
            cuda=self._text(known.get("cuda"), grammar.cuda),
            cudnn=self._text(known.get("cudnn"), grammar.cudnn),
        )

    def _architectures(self, field: _Field | None) -> tuple[Architecture, ...]:
        texts = self._texts(field, grammar.architecture, str)
        if field and isinstance(field.node, Array) and not field.node.items:
            self._fault(field, "INVALID_ARCHITECTURE", "the list is empty", "write [cpu], [gpu] or [cpu, gpu]")
        return cast("tuple[Architecture, ...]", texts or ())

    def _model(self, field: _Field | None) -> str:
        text = self._text(field, grammar.model)
        if field and text:
            self._member(field, text.rpartition(":")[0], "MODEL_FILE_MISSING")
        return text

    def _file(self, field: _Field | None) -> str:
        text = self._text(field, grammar.path)
        if field and text:
            self._member(field, text, "REQUIREMENTS_FILE_MISSING")
        return text

    def _examples(self, field: _Field | None) -> tuple[Example, ...]:
        return tuple(self._example(item) for item in self._items(field)) if field else ()

    def _example(self, field: _Field) -> Example:
        known = self._table(field, _EXAMPLE)
        if isinstance(field.node, Table) and "input" not in known:
            self._fault(field, "MISSING_KEY", "input is missing", "write input: {} for a model on its defaults")
        if "output" in known and "error" in known:
            self._fault(
                known["error"],
                "OUTPUT_AND_ERROR",
                "an example ends in an output or in an error, not both",
                "remove one of the two",
            )
        return Example(
            input=self._input(known.get("input")),
            output=self._json(known.get("output")),
            error=self._text(known.get("error"), grammar.raised),
        )

    def _input(self, field: _Field | None) -> Object:
        if field is None:
            return {}
        if not isinstance(field.node, Table):
            self._wrong_type(field, "a table of argument and value")
            return {}
        return cast(Object, self._json(field))

    def _json(self, field: _Field | None) -> JSON:
        if field is None:
            return None
        wronged: list[Wronged] = []
        value = to_json(field.node, field.pointer, wronged)
        self._faults += [Fault(one.pointer, one.code, one.detail, one.hint, one.line) for one in wronged]
        self._files_in(field)
        return value

    def _files_in(self, field: _Field) -> None:
        """A text that starts with @ and reads like a path names a file of the package: "@cat.jpg"."""
        for item in [field, *_below(field)]:
            if isinstance(item.node, Scalar) and item.node.text.startswith("@"):
                self._file_of_example(item, item.node.text[1:])

    def _file_of_example(self, field: _Field, path: str) -> None:
        if grammar.is_path(path):
            self._member(field, path, "EXAMPLE_FILE_MISSING")
        elif path.startswith("/") or ".." in path.split("/"):
            wrong = grammar.path(path)
            assert wrong
            self._fault(field, wrong.code, wrong.detail, wrong.hint)

    def _table(self, field: _Field, known: tuple[str, ...]) -> dict[str, _Field]:
        """The fields that were said; unknown keys are faults."""
        if not field.said:
            return {}
        if not isinstance(field.node, Table):
            self._wrong_type(field, f"a table with the keys {', '.join(known)}")
            return {}
        fields = {key.text: _Field(join(field.pointer, key.text), value) for key, value in field.node.pairs}
        for key, _ in field.node.pairs:
            if key.text not in known:
                detail = f"{shown(key.text)} is not known here"
                hint = _did_you_mean(key.text, known) or f"the keys are {', '.join(known)}"
                self._faults.append(Fault(join(field.pointer, key.text), "UNKNOWN_KEY", detail, hint, key.line))
        return {key: value for key, value in fields.items() if key in known and value.said}

    def _require(self, whole: _Field, fields: dict[str, _Field], line: str) -> None:
        key = line.partition(":")[0]
        if key not in fields and (isinstance(whole.node, Table) or not whole.said):
            self._faults.append(Fault("", "MISSING_KEY", f"{key} is missing", f"add a line {line}", 1))

    def _items(self, field: _Field) -> list[_Field]:
        if not isinstance(field.node, Array):
            self._wrong_type(field, "a list")
            return []
        return [_Field(f"{field.pointer}/{index}", item) for index, item in enumerate(field.node.items)]

    def _texts(self, field: _Field | None, rule: Rule, name: Callable[[str], str]) -> tuple[str, ...] | None:
        """A list of texts, none of which names the same thing twice."""
        if field is None:
            return None
        texts: dict[str, str] = {}
        for item in self._items(field):
            text = self._text(item, rule)
            if text and name(text) in texts:
                self._fault(
                    item,
                    "DUPLICATE_ITEM",
                    f"{shown(text)} is already there as {shown(texts[name(text)])}",
                    "remove one of the two",
                )
            if text:
                texts.setdefault(name(text), text)
        return tuple(texts.values())

    def _text(self, field: _Field | None, rule: Rule) -> str:
        """The text as it was written (3.10 stays 3.10), or "" where there is no good one."""
        if field is None:
            return ""
        if not isinstance(field.node, Scalar) or not field.said:
            self._wrong_type(field, "a text")
            return ""
        wrong = rule(field.node.text)
        if wrong:
            self._fault(field, wrong.code, wrong.detail, wrong.hint)
        return "" if wrong else field.node.text

    def _member(self, field: _Field, path: str, code: str) -> None:
        if self._members is not None and path not in self._members:
            hint = _did_you_mean(path, sorted(self._members)) or "add the file, or correct the path"
            self._fault(field, code, f"the package has no file {shown(path)}", hint)

    def _wrong_type(self, field: _Field, wanted: str) -> None:
        what = {Scalar: "a text", Array: "a list", Table: "a table"}[type(field.node)] if field.said else "nothing"
        self._fault(field, "WRONG_TYPE", f"this is {what}; it should be {wanted}", f"write {wanted}")

    def _fault(self, field: _Field, code: str, detail: str, hint: str) -> None:
        self._faults.append(Fault(field.pointer, code, detail, hint, field.node.line))


def _below(field: _Field) -> Iterator[_Field]:
    """The values of a table or a list, and the items of lists in it: where files can be named."""
    if isinstance(field.node, Table):
        for key, value in field.node.pairs:
            inner = _Field(join(field.pointer, key.text), value)
            yield inner
            if isinstance(value, Array):
                yield from _below(inner)
    elif isinstance(field.node, Array):
        for index, item in enumerate(field.node.items):
            yield _Field(f"{field.pointer}/{index}", item)


def _package_name(text: str) -> str:
    pin = Pin.parse(text)
    return pin.name if pin else text


def _debian_name(text: str) -> str:
    return text.partition("=")[0]


def _did_you_mean(word: str, known: tuple[str, ...] | list[str]) -> str:
    close = get_close_matches(word[:100], known[:10_000], n=1)
    return f"did you mean {close[0]}?" if close else ""
