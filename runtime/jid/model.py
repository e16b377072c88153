"""What a model's code uses: Model and Input; Path is apart."""

from typing import Any, List, NamedTuple, Optional, Union

Number = Union[int, float]


class Model:
    """The base of a model's class. `setup` runs once, before the first `run`; `run` is the model's own.

    The base brings no behaviour: a class without it works as well.
    """

    def setup(self) -> None:
        """Load weights and whatever else every run needs."""


class Asked(NamedTuple):
    """What `Input` was told about one argument of run(); None and Ellipsis mean that nothing was said."""

    default: Any
    description: str
    ge: Optional[Number]
    le: Optional[Number]
    min_length: Optional[int]
    max_length: Optional[int]
    regex: Optional[str]
    choices: Optional[List[Any]]


def Input(  # noqa: N802  # it reads as the type of an argument
    default: Any = ...,
    description: str = "",
    ge: Optional[Number] = None,
    le: Optional[Number] = None,
    min_length: Optional[int] = None,
    max_length: Optional[int] = None,
    regex: Optional[str] = None,
    choices: Optional[List[Any]] = None,
) -> Any:
    """Say more about an argument of run() than its type does. Without a default the caller must give it.

    ge, le: the smallest and the largest number. min_length, max_length: characters of a text, items of
    a list. regex: searched in the text, so anchor it with ^ and $ where the whole must match.
    """
    return Asked(
        default,
        description,
        ge,
        le,
        min_length,
        max_length,
        regex,
        None if choices is None else list(choices),
    )
