"""Upload: the main job, from a zip to a package that works."""

from __future__ import annotations

import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from werkzeug.test import Client

from tests.http.packages import UPLOAD, problem, upload, upload_raw
from tests.packages import FAILING, SLEEPING, model, zipped


def _git_tree(files: dict[str, str | bytes], folder: Path) -> str:
    """What git says of the same files."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    done = subprocess.run(["git", "write-tree"], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_package_is_built_tested_and_described(server: Client, tmp_path: Path) -> None:
    files = model(more="examples:\n  - input: {text: you}\n    output: hello you\n")
    data = zipped(files)
    answer = upload(server, data)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    package = answer.get_json()
    assert package["ID"] == _git_tree(files, tmp_path / "checkout")
    assert answer.headers["Location"] == f"/v1/packages/{package['ID']}"
    assert package["Status"] == "ready"
    assert package["Name"] == "tests/hello"
    assert package["Size"] == len(data)
    assert package["SHA256"] == hashlib.sha256(data).hexdigest()
    assert [artifact["Target"] for artifact in package["Artifacts"]] == ["process-cpu"]
    (example,) = package["Test"]["Examples"]
    assert (example["Input"], example["Expected"], example["Output"]) == ({"text": "you"}, "hello you", "hello you")
    assert package["Test"]["SetupSeconds"] >= 0
    assert package["Test"]["PeakMemory"] > 1_000_000
    assert package["Schema"]["Input"]["properties"]["text"]["type"] == "string"


def test_the_keys_are_the_ones_people_use(server: Client) -> None:
    package = upload(server, zipped(model(more="environment: {architectures: [cpu]}\n"))).get_json()
    assert package["Config"].keys() == {"Name", "Environment", "Model"}
    environment = package["Config"]["Environment"]
    assert environment.pop("PythonVersion")
    assert environment == {
        "PythonRequirements": "",
        "PythonPackages": None,
        "SystemPackages": None,
        "Architectures": ["cpu"],
        "CUDA": "",
        "CuDNN": "",
    }


def test_the_body_may_be_the_zip_itself(server: Client) -> None:
    assert upload_raw(server, zipped(model())).status_code == 201


def test_what_curl_sends_without_a_type_is_taken_too(server: Client) -> None:
    kind = "application/x-www-form-urlencoded"
    assert server.post(UPLOAD, data=zipped(model()), content_type=kind).status_code == 201


def test_the_same_content_is_not_built_again(server: Client) -> None:
    files = model()
    first = upload(server, zipped(files)).get_json()
    again = upload(server, zipped(dict(reversed(files.items()))))
    assert again.status_code == 200
    assert again.get_json() == first


def test_the_same_content_from_many_at_once_is_built_once(server: Client) -> None:
    data = zipped(model())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: upload(server, data), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.get_data() for answer in answers}) == 1
    log = server.get(f"/v1/packages/{answers[0].get_json()['ID']}/log").get_data(as_text=True)
    assert log.count("==> test process-cpu\n") == 1


def test_a_wrapper_folder_and_litter_do_not_change_the_id(server: Client) -> None:
    files = model()
    plain = upload(server, zipped(files)).get_json()
    wrapped = {f"my-model/{path}": content for path, content in files.items()}
    litter: dict[str, str | bytes] = {"__MACOSX/my-model/._infer.py": b"\0", "my-model/.DS_Store": b"\0"}
    assert upload(server, zipped({**wrapped, **litter})).get_json()["ID"] == plain["ID"]


@pytest.mark.parametrize(("prefer", "applied"), [("respond-async", "respond-async"), ("wait=0", "wait=0")])
def test_who_does_not_want_to_wait_gets_202_and_a_place_to_look(server: Client, prefer: str, applied: str) -> None:
    answer = upload(server, zipped(model()), Prefer=prefer)
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == applied
    assert answer.get_json()["Status"] == "building"
    assert answer.get_json()["Artifacts"] == []
    done = upload(server, zipped(model()), Prefer="wait=60")
    assert done.status_code == 200
    assert server.get(answer.headers["Location"]).get_json() == done.get_json()


def test_a_model_that_fails_its_test_is_422_with_the_reason_and_the_log(server: Client) -> None:
    document = problem(upload(server, zipped(model(FAILING))), 422, "TEST_FAILED")
    assert "out of cheese" in document["detail"]
    assert "==> test process-cpu" in document["log"]
    package = server.get(f"/v1/packages/{document['ID']}").get_json()
    assert package["Status"] == "failed"
    assert package["Error"]["code"] == "TEST_FAILED"
    assert package["Artifacts"] == []


def test_a_wrong_answer_shows_what_was_expected_and_what_came(server: Client) -> None:
    more = "examples:\n  - input: {text: you}\n    output: goodbye you\n"
    document = problem(upload(server, zipped(model(more=more))), 422, "TEST_FAILED")
    assert "goodbye you" in document["detail"]
    assert "hello you" in document["detail"]


def test_a_failed_package_may_be_uploaded_again_and_is_built_again(server: Client) -> None:
    data = zipped(model(FAILING))
    first = problem(upload(server, data), 422, "TEST_FAILED")
    again = problem(upload(server, data), 422, "TEST_FAILED")
    assert again["ID"] == first["ID"]
    assert server.get("/v1/packages/?status=failed").get_json()[0]["ID"] == first["ID"]
    assert len(server.get("/v1/packages/?status=failed").get_json()) == 1


def test_a_test_that_never_ends_is_stopped(serve: object) -> None:
    server: Client = serve(TEST_TIMEOUT="2")  # type: ignore[operator]
    document = problem(upload(server, zipped(model(SLEEPING))), 422, "TEST_FAILED")
    assert "2 s" in document["detail"]


def test_a_build_that_takes_too_long_is_stopped(serve: object) -> None:
    server: Client = serve(BUILD_TIMEOUT="3")  # type: ignore[operator]
    problem(upload(server, zipped(model(SLEEPING))), 422, "BUILD_TIMED_OUT")


@pytest.mark.parametrize("kind", ["text/event-stream", "application/x-ndjson"])
def test_an_upload_can_be_watched(server: Client, kind: str) -> None:
    text = upload(server, zipped(model()), Accept=kind).get_data(as_text=True)
    assert "==> test process-cpu" in text
    last = [line for line in text.splitlines() if line.strip()][-1]
    assert '"Status": "ready"' in last


def test_a_watched_upload_that_fails_ends_with_the_problem(server: Client) -> None:
    text = upload(server, zipped(model(FAILING)), Accept="application/x-ndjson").get_data(as_text=True)
    last = [line for line in text.splitlines() if line.strip()][-1]
    assert '"Event": "problem"' in last
    assert "out of cheese" in last
