"""What each endpoint takes and answers, beside what its docstring says in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from modelserver import errors
from modelserver.config import Architecture
from modelserver.errors import Problem
from modelserver.http.listing import MOST
from modelserver.jsontypes import JSON, Object
from modelserver.openapi.schemas import PACKAGE_ID, ref
from modelserver.package import Status

Content = Mapping[str, Object]

# Whatever is asked for, a request may be refused, or fail, for these.
ANYWHERE: tuple[type[Problem], ...] = (
    errors.BadRequest,
    errors.Unauthorized,
    errors.Forbidden,
    errors.Problem,
    errors.Misconfigured,
    errors.Unavailable,
    errors.NoSpace,
)
_BYTES: Object = {"type": "string", "format": "binary"}
_TEXT: Object = {"type": "string"}
_OBJECT: Object = {"type": "object"}
_FORM: Object = {"type": "object", "properties": {"file": _BYTES}, "required": ["file"]}
_ZIP: Content = {"multipart/form-data": _FORM, "application/zip": _BYTES}
_ETAG: Mapping[str, Object] = {"ETag": _TEXT}


@dataclass(frozen=True)
class Answer:
    """content: media type to schema; headers: name to schema."""

    description: str
    content: Content = field(default_factory=dict)
    headers: Mapping[str, Object] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """answers: by status, where all goes well. problems: beside those that may come ANYWHERE."""

    answers: Mapping[int, Answer]
    problems: tuple[type[Problem], ...] = ()
    parameters: tuple[Object, ...] = ()
    body: Content = field(default_factory=dict)


def _json(name: str) -> Content:
    return {"application/json": ref(name)}


def _query(name: str, schema: Object) -> Object:
    return {"name": name, "in": "query", "schema": schema}


def _header(name: str, description: str) -> Object:
    return {"name": name, "in": "header", "schema": _TEXT, "description": description}


def _one(name: str, schema: Object) -> Object:
    """An object of which one member counts."""
    return {"type": "object", "properties": {name: schema}, "required": [name]}


_ID: Object = {"name": "package_id", "in": "path", "required": True, "schema": PACKAGE_ID}
_NAME: Object = {"name": "name", "in": "path", "required": True, "schema": _TEXT}
_PICTURE: Content = {"image/svg+xml": _TEXT}
_IF_NONE_MATCH = _header("If-None-Match", "an ETag: 304 if it still holds")
_UNCHANGED = Answer("It is what the client has.")
_STREAMS: Content = {"text/event-stream": _TEXT, "application/x-ndjson": _TEXT}
_PLACE: Mapping[str, Object] = {"Location": _TEXT}
_PACKAGES: Object = {"type": "array", "items": ref("Package")}
_STATUSES: list[JSON] = [*get_args(Status), "any"]
_ARCHITECTURES: list[JSON] = [*get_args(Architecture)]
_TAKEN_IN = (errors.NoFile, errors.TooLarge, errors.UnsupportedMediaType, errors.InvalidPackage)
_BUILT = (errors.BuildFailed, errors.TestFailed, errors.BuildTimedOut, errors.BuildCancelled)

OPERATIONS: Mapping[str, Operation] = {
    "uploads.doors": Operation({200: Answer("Bytes, but for the entries.", _json("Doors"))}),
    "uploads.upload": Operation(
        {
            200: Answer("The content is known and ready; or the stream asked for.", {**_json("Package"), **_STREAMS}),
            201: Answer("It is built, tested and ready.", _json("Package"), _PLACE),
            202: Answer("It is being built.", _json("Package"), _PLACE),
        },
        (*_TAKEN_IN, *_BUILT, errors.PackageNotFound, errors.Conflict),
        (_header("Prefer", "respond-async, or wait=<seconds>"),),
        {**_ZIP, "application/json": _one("Upload", _TEXT)},
    ),
    "uploads.begin": Operation(
        {201: Answer("A session for one zip.", _json("Session"), _PLACE)},
        (errors.TooLarge, errors.UnsupportedMediaType),
        body={"application/json": _one("Size", {"type": "integer", "minimum": 1})},
    ),
    "uploads.check": Operation(
        {200: Answer("What an upload would make of it.", _json("Inspection"))},
        _TAKEN_IN,
        body={**_ZIP, "application/yaml": _TEXT},
    ),
    "endpoints.get": Operation(
        {200: Answer("The package.", _json("Package"), _ETAG), 304: _UNCHANGED},
        (errors.PackageNotFound,),
        (_ID, _IF_NONE_MATCH),
    ),
    "endpoints.download": Operation(
        {
            200: Answer("The zip.", {"application/zip": _BYTES}, {**_ETAG, "Repr-Digest": _TEXT}),
            206: Answer("The bytes asked for.", {"application/zip": _BYTES}, {**_ETAG, "Content-Range": _TEXT}),
            304: _UNCHANGED,
            307: Answer("The zip is there, for some minutes.", headers=_PLACE),
        },
        (errors.PackageNotFound, errors.RangeNotSatisfiable),
        (_ID, _header("Range", "bytes=<first>-<last>"), _IF_NONE_MATCH),
    ),
    "endpoints.file": Operation(
        {200: Answer("The file.", {"application/octet-stream": _BYTES, "image/*": _BYTES, "audio/*": _BYTES})},
        (errors.PackageNotFound, errors.NotFound, errors.TooLarge),
        (_ID, {"name": "path", "in": "path", "required": True, "schema": _TEXT}),
    ),
    "endpoints.log": Operation(
        {200: Answer("What the build has said.", {"text/plain": _TEXT})},
        (errors.PackageNotFound,),
        (_ID, _query("follow", {**_TEXT, "description": "1: until the build ends"})),
    ),
    "inference.infer": Operation(
        {200: Answer("What the model answers; its own refusals and failures come as it says them too.", {"*/*": {}})},
        (errors.PackageNotFound, errors.NotReady, errors.NoAnswer),
        (_ID, _header("Accept", "text/event-stream: what a model yields, as events")),
        {"application/json": _OBJECT, "application/x-www-form-urlencoded": _OBJECT, "multipart/form-data": _OBJECT},
    ),
    "comparison.endpoint.diff": Operation(
        {200: Answer("What changes from the first to the second.", _json("Difference"))},
        (errors.PackageNotFound,),
        (_ID, {**_ID, "name": "other"}),
    ),
    "models.newest": Operation(
        {307: Answer("The newest package of the name is there.", headers={**_PLACE, "Link": _TEXT})},
        (errors.ModelNotFound,),
        (_NAME,),
    ),
    "models.badge": Operation(
        {200: Answer("The picture.", _PICTURE, _ETAG), 304: _UNCHANGED}, (errors.ModelNotFound,), (_NAME,)
    ),
    "models.package_badge": Operation(
        {200: Answer("The picture.", _PICTURE, _ETAG), 304: _UNCHANGED}, (errors.PackageNotFound,), (_ID,)
    ),
    "endpoints.list_packages": Operation(
        {
            200: Answer(
                "Newest first.", {"application/json": {"type": "array", "items": ref("Package")}}, {"Link": _TEXT}
            )
        },
        parameters=(
            _query("status", {"enum": _STATUSES, "default": "ready"}),
            _query("name", _TEXT),
            _query("search", {**_TEXT, "description": "a part of the name, or how the ID begins"}),
            _query("architecture", {"enum": _ARCHITECTURES}),
            _query("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100}),
            _query("page_token", _TEXT),
        ),
    ),
    "endpoints.delete": Operation({204: Answer("It is gone.")}, (errors.PackageNotFound, errors.Conflict), (_ID,)),
    "endpoints.health": Operation({200: Answer("It is well.", _json("Health"))}),
    "openapi.endpoint.describe": Operation(
        {200: Answer("This document.", {"application/json": {"type": "object"}}, _ETAG), 304: _UNCHANGED},
        parameters=(_IF_NONE_MATCH,),
    ),
}
