"""The server's description of itself: whole, valid, and what its answers hold to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import validate
from werkzeug.test import Client, TestResponse

from modelserver import errors
from modelserver.app import OPEN, ROUTES
from modelserver.openapi.document import shown_path
from modelserver.openapi.operations import ANYWHERE, OPERATIONS
from tests.http.conftest import Serve
from tests.http.packages import upload
from tests.packages import FAILING, model, zipped

ADDRESS = "/v1/openapi.json"
# What is answered where no route is.
NOWHERE = {errors.NotFound, errors.MethodNotAllowed}


def described(server: Client) -> dict[str, Any]:
    answer = server.get(ADDRESS)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    document: dict[str, Any] = answer.get_json()
    return document


def test_it_is_valid_openapi(server: Client) -> None:
    validate(described(server))


def test_it_is_small_and_kept(server: Client) -> None:
    first = server.get(ADDRESS)
    assert len(first.get_data()) < 32_000
    assert server.get(ADDRESS, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert "max-age" in first.headers["Cache-Control"]


def test_it_describes_every_route_and_nothing_else(server: Client) -> None:
    found = {(method.upper(), path) for path, methods in described(server)["paths"].items() for method in methods}
    assert found == {(method, shown_path(path)) for method, path, _ in ROUTES}
    assert set(OPERATIONS) == {endpoint for _, _, endpoint in ROUTES}


def test_it_knows_every_error(server: Client) -> None:
    named = {kind for operation in OPERATIONS.values() for kind in operation.problems} | set(ANYWHERE)
    assert named | NOWHERE == {errors.Problem, *errors.Problem.__subclasses__()}


def test_it_asks_for_a_token_where_the_server_does(serve: Serve) -> None:
    document = described(serve(TOKEN="one to write", READ_TOKEN="one-to-read"))
    for method, path, endpoint in ROUTES:
        operation = document["paths"][shown_path(path)][method.lower()]
        ways = [next(iter(way)) for way in operation["security"]]
        assert ways == ([] if endpoint in OPEN else ["writes", "reads"] if method == "GET" else ["writes"]), path


def test_without_a_token_it_asks_for_none(server: Client) -> None:
    assert "security" not in json.dumps(described(server))


@pytest.fixture
def holds(server: Client) -> Any:
    """holds(answer, "Package"): whether its body is one; a fault of it is shown."""
    document = described(server)

    def check(answer: TestResponse, name: str) -> bool:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(answer.get_json(force=True))
        return True

    return check


def test_what_is_answered_is_what_was_described(server: Client, holds: Any) -> None:
    assert holds(upload(server, zipped(model(more="examples:\n  - {input: {text: you}}\n"))), "Package")
    assert holds(upload(server, zipped(model(FAILING))), "Problem422")
    assert holds(upload(server, b"no zip"), "Problem422")
    assert holds(server.post("/v1/packages/check", data=zipped(model()), content_type="application/zip"), "Inspection")
    config = b"name: a/b\nmodel: infer.py:Model\nenvironment: {python_packages: [torch==2.7.0], architectures: [gpu]}\n"
    assert holds(server.post("/v1/packages/check", data=config, content_type="application/yaml"), "Inspection")
    assert holds(server.post("/v1/packages/uploads", json={"Size": 3}), "Session")
    assert holds(server.post("/v1/packages/uploads", json={"Size": "3"}), "Problem400")
    assert holds(server.get("/v1/health"), "Health")
    assert holds(server.get("/v1/packages/upload"), "Doors")


def test_a_failed_package_is_one_too(server: Client, holds: Any) -> None:
    failed = upload(server, zipped(model(FAILING))).get_json(force=True)["ID"]
    assert holds(server.get(f"/v1/packages/{failed}"), "Package")


def test_what_was_not_described_is_found_out(server: Client, holds: Any) -> None:
    """The schemas are closed: they can be broken."""
    with pytest.raises(ValidationError):
        holds(server.get("/v1/health"), "Session")
