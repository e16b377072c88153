"""jid.json: what the image was built with, as the server wrote it; read once at the start."""

import json
import os
from typing import Any, Dict, List, NamedTuple, Optional

from jid.failure import CONFIG_INVALID, Failure
from jid.settings import Settings, read_settings

DEFAULT_CONFIG = "/model/jid.json"
DEFAULT_SOURCE = "/model/src"


class Example(NamedTuple):
    """One test inference. Without `has_output` and `error` any output that is no error passes."""

    input: Dict[str, Any]
    has_output: bool
    output: Any
    error: Optional[str]


class Config(NamedTuple):
    """The package as the runtime needs it. `source` and its own `path` are absolute."""

    path: str
    id: str
    name: str
    file: str
    class_name: str
    examples: List[Example]
    source: str
    settings: Settings


def read_config(environment: Dict[str, str]) -> Config:
    """From the file named JID_CONFIG, with JID_SOURCE and the settings.

    Raises Failure CONFIG_INVALID.
    """
    path = environment.get("JID_CONFIG") or DEFAULT_CONFIG
    try:
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
    except (OSError, ValueError) as error:
        raise Failure(CONFIG_INVALID, "{} (JID_CONFIG) cannot be read: {}".format(path, error)) from error
    if not isinstance(told, dict):
        raise Failure(CONFIG_INVALID, "{} (JID_CONFIG) must hold a JSON object".format(path))
    return _config(os.path.realpath(path), told, environment)


def _config(path: str, told: Dict[str, Any], environment: Dict[str, str]) -> Config:
    file, colon, class_name = str(told.get("Model", "")).rpartition(":")
    if not (file and colon and class_name):
        raise Failure(CONFIG_INVALID, 'Model must read like "infer.py:Model", not {!r}'.format(told.get("Model")))
    examples = told.get("Examples") or []
    if not isinstance(examples, list):
        raise Failure(CONFIG_INVALID, "Examples must be a list")
    return Config(
        path=path,
        id=str(told.get("ID", "")),
        name=str(told.get("Name", "")),
        file=file,
        class_name=class_name,
        examples=[_example(one, number) for number, one in enumerate(examples)],
        source=os.path.realpath(environment.get("JID_SOURCE") or DEFAULT_SOURCE),
        settings=read_settings(environment),
    )


def _example(told: Any, number: int) -> Example:
    if not isinstance(told, dict) or not isinstance(told.get("Input", {}), dict):
        raise Failure(CONFIG_INVALID, "Examples/{}: an example is an object whose Input is an object".format(number))
    error = told.get("Error")
    return Example(told.get("Input", {}), "Output" in told, told.get("Output"), None if error is None else str(error))
