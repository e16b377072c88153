"""Where something stands in the user's files, for messages: file and line."""

import ast
import inspect
import os
from typing import Any, Callable, List, Optional


def place(function: Callable[..., Any], name: str, source: str) -> str:
    """Of the argument called `name`, such as infer.py:7; of the function where the argument is not found."""
    code = getattr(function, "__code__", None)
    if code is None:
        return "run()"
    return "{}:{}".format(os.path.relpath(code.co_filename, source), _line_of(function, name, code.co_firstlineno))


def class_place(model: type, source: str) -> str:
    """Of a class; its name where the file is not known."""
    try:
        file, line = inspect.getsourcefile(model) or "", inspect.getsourcelines(model)[1]
    except (OSError, TypeError, ValueError):
        return model.__name__
    return "{}:{}".format(os.path.relpath(file, source), line)


def _line_of(function: Callable[..., Any], name: str, first: int) -> int:
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(inspect.cleandoc("\n" + "".join(lines)))
    except (OSError, SyntaxError, TypeError):
        return first
    found: List[int] = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.arg) and node.arg == name]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    defined: Optional[int] = next((node.lineno for node in tree.body if isinstance(node, functions)), 1)
    return first + (found[0] if found else defined or 1) - 1
