"""The real terraform on infra/: its format, its types and references, and its own tests (infra/tests).

There is no provider here to install. A stand-in serves the real providers' schemas to terraform, which mocks the
rest; so what is proved is the configuration, and nothing of what Google's API would say to it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.infra_providers import schemas
from tests.cloud.infra_wheels import lacking, uv
from tests.cloud.terraform import INFRA
from tests.parts import Part, met

_PROVIDER = Path(__file__).with_name("infra_provider.py")


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment in which terraform finds the stand-ins."""
    if not shutil.which("terraform"):
        lacking("terraform is not installed (1.9 or later)")
    described = tmp_path_factory.mktemp("schemas") / "schemas.json"
    described.write_text(json.dumps(schemas()))
    run = [uv(), "run", "--quiet", "--no-project", "--python", ">=3.11", "--with", "tf==1.2.0"]
    command = [*run, "python", str(_PROVIDER), str(described)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as provider:
        assert provider.stdin and provider.stdout and provider.stderr
        reattach = provider.stdout.readline().strip()
        if not reattach:
            lacking(f"the stand-in for the providers did not start: {provider.stderr.read()[-500:]}")
        yield _environment(tmp_path_factory.mktemp("data"), reattach)
        provider.stdin.close()


def _environment(data: Path, reattach: str) -> dict[str, str]:
    foreign = ("TF_", "GOOGLE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"TF_DATA_DIR": str(data), "TF_REATTACH_PROVIDERS": reattach, "CHECKPOINT_DISABLE": "1"}


def _run(environment: dict[str, str], *arguments: str, folder: Path = INFRA) -> subprocess.CompletedProcess[str]:
    met(Part.TERRAFORM)
    command = ["terraform", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_it_is_formatted(terraform: dict[str, str]) -> None:
    done = _run(terraform, "fmt", "-check", "-diff", "-recursive", "-no-color")
    assert done.returncode == 0, done.stdout


def test_it_is_valid(terraform: dict[str, str]) -> None:
    answer = json.loads(_run(terraform, "validate", "-json").stdout)
    assert answer["valid"], json.dumps(answer["diagnostics"], indent=1)
    assert answer["warning_count"] == 0, json.dumps(answer["diagnostics"], indent=1)


def test_its_own_tests_pass(terraform: dict[str, str]) -> None:
    done = _run(terraform, "test", "-json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (summary,) = [line["test_summary"] for line in lines if line["type"] == "test_summary"]
    assert summary["status"] == "pass", done.stdout
    written = sum(path.read_text().count('\nrun "') for path in INFRA.glob("tests/*.tftest.hcl"))
    assert summary["passed"] == written


def test_a_reference_to_what_no_provider_offers_is_refused(terraform: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(INFRA, tmp_path / "infra", ignore=shutil.ignore_patterns(".terraform", ".bundle", "tests"))
    (tmp_path / "infra" / "wrong.tf").write_text('output "wrong" {\n  value = google_storage_bucket.packages.uri\n}\n')
    done = _run(terraform, "validate", "-no-color", folder=tmp_path / "infra")
    assert done.returncode != 0
    assert "uri" in done.stderr
