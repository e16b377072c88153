"""What an operator may set: the variables JID_*, read once at the start."""

import re
from typing import Callable, Dict, Generic, List, NamedTuple, Optional, Tuple, TypeVar

from jid.failure import CONFIG_INVALID, Failure

_T = TypeVar("_T")
_MIB = 1 << 20
_DIGITS = re.compile("[0-9]{1,15}")


class Settings(NamedTuple):
    """Times in seconds, sizes in bytes. None: no limit, or for the last three what the model's class says."""

    timeout: Optional[float]  # of a run
    setup_timeout: Optional[float]
    grace: float  # for a cancelled run to end by itself, before its process is replaced
    drain: float  # for requests under way once the server is told to stop
    silence: float  # after which a client that sends or reads nothing is let go
    queue: int  # requests that may wait
    connections: int  # at once
    max_body: int  # of a body that is kept in memory
    max_upload: int  # of a multipart body
    spool: int  # that an answer may be ahead of its reader
    webhooks: Tuple[str, ...]  # beginnings of addresses that may be called
    concurrency: Optional[int]
    batch_size: Optional[int]
    batch_wait: Optional[float]


def read_settings(environment: Dict[str, str]) -> Settings:
    """Raises Failure CONFIG_INVALID, which names the variable."""
    seconds, count, size = _Reader(environment, _seconds), _Reader(environment, _count), _Reader(environment, _size)
    return Settings(
        timeout=seconds.optional("JID_TIMEOUT"),
        setup_timeout=seconds.optional("JID_SETUP_TIMEOUT"),
        grace=seconds.given("JID_GRACE", 10.0),
        drain=seconds.given("JID_DRAIN", 30.0),
        silence=seconds.given("JID_SILENCE", 60.0),
        queue=_Reader(environment, _whole).given("JID_QUEUE", 100),
        connections=count.given("JID_CONNECTIONS", 1000),
        max_body=size.given("JID_MAX_BODY", 64 * _MIB),
        max_upload=size.given("JID_MAX_UPLOAD", 1024 * _MIB),
        spool=size.given("JID_SPOOL", 256 * _MIB),
        webhooks=_webhooks(environment.get("JID_WEBHOOKS", "on")),
        concurrency=count.optional("JID_CONCURRENCY"),
        batch_size=count.optional("JID_BATCH_SIZE"),
        batch_wait=_Reader(environment, _wait).optional("JID_BATCH_WAIT"),
    )


class _Reader(Generic[_T]):
    """Reads variables of one kind. parse: raises ValueError, which says what the variable must be."""

    def __init__(self, environment: Dict[str, str], parse: Callable[[str], _T]) -> None:
        self._environment = environment
        self._parse = parse

    def optional(self, name: str) -> Optional[_T]:
        text = self._environment.get(name, "")
        if not text:
            return None
        try:
            return self._parse(text)
        except ValueError as error:
            raise Failure(CONFIG_INVALID, "{} must be {}, not {!r}".format(name, error, text)) from error

    def given(self, name: str, default: _T) -> _T:
        value = self.optional(name)
        return default if value is None else value


def _seconds(text: str) -> float:
    seconds = _number(text)
    if not 0 < seconds < float("inf"):
        raise ValueError("a number of seconds above 0")
    return seconds


def _wait(text: str) -> float:
    seconds = _number(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError("a number of seconds")
    return seconds


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


def _whole(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise ValueError("a whole number")
    return int(text)


def _count(text: str) -> int:
    if not _DIGITS.fullmatch(text) or int(text) < 1:
        raise ValueError("a whole number above 0")
    return int(text)


def _size(text: str) -> int:
    """Bytes, or with a suffix: 500k, 64M, 2G (powers of 1024)."""
    powers = {"k": 10, "m": 20, "g": 30}
    power = powers.get(text[-1:].lower())
    digits = text[:-1] if power else text
    if not _DIGITS.fullmatch(digits) or int(digits) < 1:
        raise ValueError("a size, such as 500k, 64M or 2G")
    return int(digits) << (power or 0)


def _webhooks(text: str) -> Tuple[str, ...]:
    """on: any address of http or https; off: none; else the beginnings of those that are allowed."""
    if text in ("on", "off", ""):
        return () if text == "off" else ("http://", "https://")
    beginnings: List[str] = text.split()
    wrong = [one for one in beginnings if not one.startswith(("http://", "https://"))]
    if wrong:
        raise Failure(
            CONFIG_INVALID, "JID_WEBHOOKS must be on, off, or addresses of http(s), not {!r}".format(wrong[0])
        )
    return tuple(beginnings)
