"""The body of a request: taken in while it arrives, then read as the inputs of a run."""

import json
from typing import Any, Dict, List, Tuple, Union

from jid.settings import Settings
from jid.typed.shape import Schema
from jid.web.errand import Errand
from jid.web.form import Field, inputs_of
from jid.web.memory import Memory, Share
from jid.web.multipart import Multipart, boundary_of
from jid.web.problem import BAD_REQUEST, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, Problem

_JSON, _FORM, _MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
_FIELDS = 1000  # fields of a form


class Collected:
    """A body in memory."""

    def __init__(self, memory: Share) -> None:
        self._data = bytearray()
        self._memory = memory

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises Problem TOO_LARGE or QUEUE_FULL."""
        self._memory.take(len(data))
        self._data += data

    def bytes(self) -> bytes:
        """All of it."""
        return bytes(self._data)

    def close(self) -> None:
        """Forget it."""
        self._memory.close()
        self._data = bytearray()


Body = Union[Collected, Multipart]


def body_for(errand: Errand, settings: Settings, memory: Memory) -> Body:
    """What takes in the body of this request. Raises Problem for a length or a kind that is not taken."""
    _check_coding(errand.request.headers.get("content-encoding", "identity"))
    content_type = errand.request.headers.get("content-type", "")
    if content_type.lower().startswith(_MULTIPART):
        if errand.request.length > settings.max_upload:
            raise Problem(TOO_LARGE, "a multipart body may have {} bytes (JID_MAX_UPLOAD)".format(settings.max_upload))
        return Multipart(boundary_of(content_type), errand.new_file, settings.max_upload, memory.share())
    memory.check(errand.request.length)
    return Collected(memory.share())


def inputs(errand: Errand, body: Body, schema: Schema) -> Dict[str, Any]:
    """The inputs in a JSON, form or multipart body, not checked yet. Raises Problem."""
    if isinstance(body, Multipart):
        return inputs_of(schema, _grouped([(part.name, part.value) for part in body.parts()]))
    data = body.bytes()
    kind = errand.request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    if kind == _FORM and not data.lstrip().startswith(b"{"):  # curl -d sends JSON under this name
        return inputs_of(schema, _grouped(_pairs(data)))
    if kind in (_JSON, _FORM) or kind.endswith("+json"):
        return json_object(body)
    raise Problem(
        UNSUPPORTED_MEDIA_TYPE, "{} is not taken; send {}, {} or {}".format(kind[:60], _JSON, _MULTIPART, _FORM)
    )


def json_object(body: Body) -> Dict[str, Any]:
    """A body that is one JSON object; an empty body is an empty object. Raises Problem."""
    if isinstance(body, Multipart):
        raise Problem(UNSUPPORTED_MEDIA_TYPE, "this address takes " + _JSON)
    try:
        value = json.loads(body.bytes().decode("utf-8").strip() or "{}", parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Problem(BAD_REQUEST, "the body is no JSON: {}".format(reason)) from None
    if not isinstance(value, dict):
        raise Problem(BAD_REQUEST, 'the body must be a JSON object, such as {"text": "hello"}')
    return value


def _check_coding(coding: str) -> None:
    if coding.strip().lower() != "identity":
        detail = "Content-Encoding {} is not taken; send the body as it is".format(coding[:60])
        raise Problem(UNSUPPORTED_MEDIA_TYPE, detail, headers={"Accept-Encoding": "identity"})


def _pairs(data: bytes) -> List[Tuple[str, Field]]:
    from urllib.parse import parse_qsl  # late, as many are never sent a form

    try:
        return list(parse_qsl(data.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError as error:
        raise Problem(BAD_REQUEST, "the body is no form: {}".format(error)) from None


def _grouped(pairs: List[Tuple[str, Field]]) -> Dict[str, List[Field]]:
    grouped: Dict[str, List[Field]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _refuse(word: str) -> Any:
    raise ValueError("{} is no number in JSON".format(word))
