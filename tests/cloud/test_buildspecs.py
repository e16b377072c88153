"""The files of buildspecs/ as Cloud Build takes them, and model.yaml as the server submits it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from google.cloud.devtools.cloudbuild_v1 import Build

from modelserver.config import Environment
from modelserver.errors import Misconfigured
from modelserver.gcp.builds import read_build
from modelserver.gcp.buildspec import BuildSpec
from modelserver.package import Package
from modelserver.settings import Settings
from tests.cloud.cloudbuild_standin.rules import BUILT_IN, refusals
from tests.cloud.cloudbuild_standin.substitution import expand, names
from tests.packages import record

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "buildspecs").glob("*.yaml"))
MODEL = ROOT / "buildspecs" / "model.yaml"
_PACKAGE = replace(record(1), id=record(0x2C7492B7D3D6 << 112).id)
_SETTINGS = Settings(
    project="p",
    location="us-central1",
    bucket="p-packages",
    logs_bucket="p-build-logs",
    registry="us-central1-docker.pkg.dev/p/models",
    build_service_account="builder@p.iam.gserviceaccount.com",
)
each = pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])


def _read(file: Path) -> Build:
    return read_build(yaml.safe_load(file.read_text()))


def _with_all_values(build: Build) -> Build:
    """With something for each value that is given by hand."""
    for key in names(build) - BUILT_IN:
        build.substitutions.setdefault(key, "x")
    return build


def _for(*architectures: str) -> Package:
    environment = Environment(python_version="3.11", architectures=architectures)  # type: ignore[arg-type]
    return replace(_PACKAGE, config=replace(_PACKAGE.config, environment=environment))


def test_the_four_files_are_there() -> None:
    assert [file.name for file in FILES] == ["ci.yaml", "deploy.yaml", "examples.yaml", "model.yaml"]


@each
def test_cloud_build_takes_it(file: Path) -> None:
    assert refusals(_with_all_values(_read(file))) == []


@each
def test_every_default_is_used_and_every_step_named(file: Path) -> None:
    build = _read(file)
    assert set(build.substitutions) <= names(build)
    assert all(step.id for step in build.steps)


@each
def test_no_value_is_text_of_a_script(file: Path) -> None:
    """Cloud Build puts no values into scripts; `bash -c` in args would take them."""
    for step in _read(file).steps:
        assert "${_" not in step.script
        assert not {"-c", "-ec", "-euc"} & set(step.args)


@each
def test_the_account_and_the_place_of_the_logs_are_said(file: Path) -> None:
    build = _read(file)
    assert build.service_account.startswith("projects/${PROJECT_ID}/serviceAccounts/${_")
    assert build.logs_bucket or build.options.logging.name == "CLOUD_LOGGING_ONLY"
    assert build.timeout


@each
def test_every_value_with_a_brace_is_quoted(file: Path) -> None:
    """Unquoted, `${_X}` in a flow list is a mapping, or an error, to YAML."""
    values = [line.split("#")[0].strip() for line in file.read_text().splitlines() if "${_" in line]
    outside = [text for text in values if text and not re.search(r'"[^"]*\$\{_[^"]*"', text)]
    assert outside == []


def test_images_are_pushed_by_no_step() -> None:
    build = _read(MODEL)
    assert len(build.images) > 0
    for step in build.steps:
        assert "docker push" not in step.script
        assert "push" not in step.args


def test_every_image_is_tagged_by_the_step_that_builds() -> None:
    build = BuildSpec(MODEL, _SETTINGS).of(_for("cpu", "gpu"))
    expand(build, build.substitutions)
    environment = dict(pair.split("=", 1) for pair in build.steps[1].env)
    script = build.steps[1].script
    assert '--tag "$IMAGE$suffix" --tag "$CACHE$suffix"' in script
    tagged = {environment[name] + suffix for name in ("IMAGE", "CACHE") for suffix in ("", "-gpu")}
    assert set(build.images) == tagged


def test_the_test_is_run_without_network_or_privileges() -> None:
    script = next(step.script for step in _read(MODEL).steps if step.id == "test")
    for option in ("--network none", "--read-only", "--cap-drop ALL", "no-new-privileges", "--pids-limit"):
        assert option in script
    assert "--memory" in script


def test_defaults_by_hand_are_those_of_the_server() -> None:
    build, settings = _read(MODEL), Settings()
    assert build.substitutions["_TEST_TIMEOUT"] == f"{settings.test_timeout:.0f}"
    assert build.substitutions["_TEST_MEMORY"] == str(settings.test_memory)
    assert build.substitutions["_TEST_PROCESSES"] == str(settings.test_processes)
    assert build.substitutions["_TEST_DISK"] == str(settings.test_disk)
    assert build.timeout.total_seconds() == settings.build_timeout  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("architectures", "images"),
    [
        (("cpu",), ["tests/hello:2c7492b7d3d6", "tests/hello:cache"]),
        (("gpu",), ["tests/hello:2c7492b7d3d6-gpu", "tests/hello:cache-gpu"]),
        (
            ("cpu", "gpu"),
            ["tests/hello:2c7492b7d3d6", "tests/hello:2c7492b7d3d6-gpu", "tests/hello:cache", "tests/hello:cache-gpu"],
        ),
    ],
)
def test_the_server_submits_the_file_with_its_values(architectures: tuple[str, ...], images: list[str]) -> None:
    package = _for(*architectures)
    build = BuildSpec(MODEL, _SETTINGS).of(package)
    assert refusals(build) == []
    assert list(build.images) == [f"us-central1-docker.pkg.dev/p/models/{image}" for image in images]
    assert set(build.tags) == {"modelserver", f"package-{package.id}", f"build-{package.build}"}
    assert [step.script for step in build.steps] == [step.script for step in _read(MODEL).steps]


def test_layers_may_be_kept_in_a_registry_of_their_own() -> None:
    settings = replace(_SETTINGS, cache_registry="us-central1-docker.pkg.dev/p/cache/")
    build = BuildSpec(MODEL, settings).of(_PACKAGE)
    assert build.images[1] == "us-central1-docker.pkg.dev/p/cache/tests/hello:cache"


def test_the_times_and_bounds_are_the_settings() -> None:
    settings = replace(_SETTINGS, build_timeout=99, test_timeout=7, test_memory=1 << 20)
    build = BuildSpec(MODEL, settings).of(_PACKAGE)
    assert build.timeout.total_seconds() == 99  # type: ignore[attr-defined]
    assert build.substitutions["_TEST_TIMEOUT"] == "7"
    assert build.substitutions["_TEST_MEMORY"] == "1048576"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bucket", "Packages; rm -rf /"),
        ("bucket", "p-packages\n"),
        ("logs_bucket", "gs://logs"),
        ("registry", "US-central1-docker.pkg.dev/p/models"),
        ("registry", "localhost:5001/$(id)"),
        ("cache_registry", "${_IMAGE}"),
        ("build_service_account", "builder"),
        ("build_service_account", "$BUILD_ID@p.iam.gserviceaccount.com"),
        ("test_memory", -1),
        ("test_timeout", 0.5),
    ],
)
def test_a_setting_of_another_form_is_refused_by_its_name(field: str, value: object) -> None:
    spec = BuildSpec(MODEL, replace(_SETTINGS, **{field: value}))  # type: ignore[arg-type]
    with pytest.raises(Misconfigured, match=f"MODELSERVER_{field.upper()}"):
        spec.of(_PACKAGE)


@pytest.mark.parametrize("field", ["bucket", "logs_bucket", "registry", "build_service_account"])
def test_a_setting_that_is_missing_is_named(field: str) -> None:
    spec = BuildSpec(MODEL, replace(_SETTINGS, **{field: ""}))  # type: ignore[arg-type]
    with pytest.raises(Misconfigured, match=f"MODELSERVER_{field.upper()} is not set"):
        spec.of(_PACKAGE)
