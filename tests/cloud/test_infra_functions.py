"""What infra/ says of the functions is what the functions themselves say."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from modelserver.settings import Settings
from tests.cloud.terraform import INFRA, Block, local_value, resource, resources

ROOT = INFRA.parent
FUNCTIONS = local_value("every_function")
MEMORY = {"512Mi": 512, "1Gi": 1024}
LEFT = {"MODELSERVER_BUILD_ENDPOINT", "MODELSERVER_RUN_ENDPOINT"}  # Google's own unless said otherwise
SHARED = {f"MODELSERVER_{name}" for name in ("MAX_DIRECT", "MAX_WAIT", "SWEEP_AFTER")}  # local mode has them too
REQUEST_LIMIT = 32_000_000  # bytes: docs.cloud.google.com/functions/quotas


def test_every_variable_that_is_set_is_one_that_is_read() -> None:
    read = {f"MODELSERVER_{field.name.upper()}" for field in fields(Settings)}
    text = "".join(path.read_text() for path in INFRA.glob("*.tf"))
    assert set(re.findall(r"\bMODELSERVER_[A-Z_]+", text)) <= read


def test_every_setting_that_google_needs_is_set() -> None:
    settings = (ROOT / "docs" / "reference" / "settings.md").read_text()
    table = settings[settings.index("| variable of a function |") :].split("\n\n")[0]
    explained = set(re.findall(r"MODELSERVER_[A-Z_]+", table))
    needed = {f"MODELSERVER_{name.upper()}" for name in _needed()}
    assert explained
    assert explained | needed == _set() | LEFT


def _set() -> set[str]:
    return {name for name in local_value("settings") if name.startswith("MODELSERVER_")} - SHARED


def _needed() -> set[str]:
    """The settings that code on Google asks for by name and cannot do without."""
    sources = [*ROOT.glob("functions/modelserver/gcp/*.py"), *ROOT.glob("functions/main.py")]
    return {name for path in sources for name in re.findall(r"\.need\(\"(\w+)\"\)", path.read_text())}


def test_a_direct_upload_fits_into_a_request() -> None:
    product = re.fullmatch(r"\$\{tostring\(([\d* ]+)\)}", local_value("settings")["MODELSERVER_MAX_DIRECT"])
    assert product
    size = 1
    for factor in product[1].split("*"):
        size *= int(factor)
    assert REQUEST_LIMIT // 2 < size < REQUEST_LIMIT


@pytest.mark.parametrize("name", ["upload", "api"])
def test_an_upload_that_waits_is_answered_before_google_ends_its_request(name: str) -> None:
    assert float(local_value("settings")["MODELSERVER_MAX_WAIT"]) <= FUNCTIONS[name]["timeout"] - 300


@pytest.mark.parametrize("function", resources("google_cloudfunctions2_function"), ids=lambda block: block.address)
def test_an_instance_has_as_many_threads_as_requests(function: Block) -> None:
    service = function.one("service_config").attributes
    concurrency = service["max_instance_request_concurrency"].removeprefix("${").removesuffix("}")
    assert f"THREADS = tostring({concurrency})" in service["environment_variables"]
    assert float(service["available_cpu"]) >= 1, "less than one CPU takes one request at a time"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_within_what_google_allows(name: str) -> None:
    function = FUNCTIONS[name]
    assert 1 < function["concurrency"] <= 1000
    assert 1 <= function["timeout"] <= (540 if name in local_value("topics") else 3600)
    assert MEMORY[function["memory"]] >= 512
    assert re.fullmatch(r"[a-z][a-z-]*[a-z]", function["name"]), "it becomes a part of a service's name"


def test_messages_are_tried_again() -> None:
    trigger = resource("google_cloudfunctions2_function", "event").one("event_trigger").attributes
    assert trigger["retry_policy"] == "RETRY_POLICY_RETRY"
    assert resource("google_pubsub_topic", "builds").attributes["name"] == "cloud-builds"


def test_every_function_is_in_the_source_and_that_is_on_one_screen() -> None:
    main = ROOT / "functions" / "main.py"
    assert set(FUNCTIONS) <= _defined(main)
    assert len(main.read_text().splitlines()) < 60


def _defined(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return names


def test_what_the_functions_read_is_in_their_bundle() -> None:
    bundled = local_value("bundled")
    assert "buildspecs/model.yaml" in bundled and (ROOT / "buildspecs" / "model.yaml").exists()
    assert "requirements.txt" in bundled
    carried = {".py", ".json", ".html", ".css", ".js", ".svg"}
    for path in [*ROOT.glob("functions/**/*"), *ROOT.glob("runtime/jid/**/*")]:
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.suffix in carried or path.name in ("README.md", "py.typed"), f"{path} would not be deployed"


def test_a_change_of_the_source_is_a_new_object() -> None:
    assert "output_sha256" in resource("google_storage_bucket_object", "bundle").attributes["name"]


def test_every_query_has_its_index() -> None:
    firestore = pytest.importorskip("modelserver.gcp.firestore", exc_type=ImportError)
    made = {tuple(_index(compared)) for compared in local_value("indexes").values()}
    assert made == set(firestore.INDEXES)
    assert resource("google_firestore_index", "packages").attributes["collection"] == firestore.COLLECTION


def _index(compared: list[str]) -> list[tuple[str, str]]:
    """One of the indexes: the fields compared, as the dynamic block has them, then the order."""
    index = resource("google_firestore_index", "packages")
    order = index.one("content").attributes["order"]
    ordered = [block.attributes for block in index.blocks if block.kind == "fields"]
    return [(name, order) for name in compared] + [(field["field_path"], field["order"]) for field in ordered]


def test_the_record_is_in_no_index() -> None:
    exemption = resource("google_firestore_field", "record")
    assert exemption.attributes["field"] == "record"
    assert exemption.one("index_config").blocks == ()
