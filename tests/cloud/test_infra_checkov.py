"""checkov finds nothing in infra/, and each of its rules that is set aside has its reason beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

from tests.cloud.infra_wheels import lacking, uv
from tests.cloud.terraform import INFRA
from tests.parts import Part, met

_CHECKOV = "checkov==3.3.30"


def _results() -> dict[str, Any]:
    met(Part.CHECKOV)
    return _scanned()


@cache
def _scanned() -> dict[str, Any]:
    """In an environment of its own: what checkov depends on does not agree with what the server does."""
    tool = [uv(), "tool", "run", "--quiet", "--python", sys.executable, _CHECKOV]
    scan = ["--directory", str(INFRA), "--framework", "terraform", "--skip-download", "--output", "json"]
    done = subprocess.run([*tool, *scan], capture_output=True, text=True)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        lacking(f"{_CHECKOV} does not run: {done.stderr[-500:]}")
    return answer


def test_no_rule_is_broken() -> None:
    results = _results()["results"]
    broken = [f"{check['check_id']} {check['resource']} {check['file_path']}" for check in results["failed_checks"]]
    assert broken == []
    assert results["parsing_errors"] == []
    assert {"CKV_GCP_29", "CKV_GCP_114"} <= {check["check_id"] for check in results["passed_checks"]}


def test_every_exception_says_why() -> None:
    skipped = _results()["results"]["skipped_checks"]
    assert skipped
    for check in skipped:
        reason = check["check_result"]["suppress_comment"]
        assert len(reason.split()) >= 8, f"{check['check_id']} of {check['resource']}: {reason}"


def test_no_exception_is_made_for_all() -> None:
    assert not list(INFRA.rglob(".checkov.y*ml"))
