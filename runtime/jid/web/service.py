"""What the endpoints work with, and the two steps that most of them share."""

from typing import Any, Awaitable, Callable, Dict, NamedTuple

from jid.config import Config
from jid.keep.keeper import Keeper
from jid.keep.run import Run
from jid.order import File, closed
from jid.typed.check import InputInvalid, check
from jid.web.body import Body
from jid.web.errand import Errand
from jid.web.predictions import Predictions
from jid.web.problem import of_input
from jid.web.response import Response


class Service(NamedTuple):
    """One for the whole server. clients: how many are connected."""

    config: Config
    keeper: Keeper
    predictions: Predictions
    clients: Callable[[], int]


Endpoint = Callable[[Service, Errand, Body], Awaitable[Response]]


async def order_of(service: Service, errand: Errand, given: Dict[str, Any], below: str) -> bytes:
    """The inputs, checked; below: where they stand in the body. Raises Problem INPUT_INVALID, or Failure."""

    def open_file(text: str) -> File:
        from jid.web.dataurl import saved  # late, as many models take no file

        return saved(text, errand.directory())

    described = await service.keeper.described()
    try:
        return closed(check(described.input, given, open_file))
    except InputInvalid as invalid:
        raise of_input(invalid, below) from invalid


async def run_of(service: Service, errand: Errand, order: bytes) -> Run:
    """A run that ends with the errand. Raises Failure."""
    return errand.begin(await service.keeper.run(order))
