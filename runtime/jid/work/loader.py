"""The user's file, imported in the model's process, and the class in it."""

import importlib.util
import os
import sys
import types
from typing import List

from jid.config import Config
from jid.failure import IMPORT_FAILED, MODEL_NOT_FOUND, Failure
from jid.work.reason import told


def load_class(config: Config) -> type:
    """Import the model's file and give its class. Raises Failure MODEL_NOT_FOUND or IMPORT_FAILED."""
    path = os.path.join(config.source, config.file)
    if not os.path.isfile(path):
        raise Failure(MODEL_NOT_FOUND, "the package has no file {}{}".format(config.file, _python_files(config.source)))
    found = getattr(_module(config, path), config.class_name, None)
    if not isinstance(found, type):
        module_name = config.file
        classes = _classes(sys.modules[_name(config.file)], path)
        raise Failure(
            MODEL_NOT_FOUND,
            "{} has no class {}; it has {}".format(module_name, config.class_name, classes or "no class"),
        )
    return found


def _module(config: Config, path: str) -> types.ModuleType:
    name = _name(config.file)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Failure(MODEL_NOT_FOUND, "{} is no Python file".format(config.file))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        raise Failure(IMPORT_FAILED, told(error, config.source) + _cure(error)) from error
    except BaseException as error:
        raise Failure(IMPORT_FAILED, told(error, config.source)) from error
    return module


def _name(file: str) -> str:
    """The module's dotted name; a name that Python holds already is left alone."""
    name = os.path.splitext(file)[0].replace("/", ".")
    taken = sys.modules.get(name)
    is_ours = taken is None or (getattr(taken, "__file__", None) or "").endswith("/" + file)
    return name if is_ours else "model_" + name


def _cure(error: ImportError) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return "\nIf {} is a package to install, add it to environment.python_packages in jid.yaml.".format(
            error.name.partition(".")[0]
        )
    return ""


def _classes(module: types.ModuleType, path: str) -> str:
    names: List[str] = [
        name for name, value in vars(module).items() if isinstance(value, type) and value.__module__ == module.__name__
    ]
    return ", ".join(names)


def _python_files(source: str) -> str:
    names = sorted(name for name in os.listdir(source) if name.endswith(".py")) if os.path.isdir(source) else []
    return "; it has " + ", ".join(names[:10]) if names else " (and no Python file at its top)"
