"""Known vulnerabilities of what is installed, as pip-audit's services know them.

    python -m trust.audit

Ends with 1 if there are any, and with 3 where no service answers: an audit that did not take place is none. Whether
one does is seen by what it says of a release that is known to be vulnerable.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from trust.row import Missing, Row, none_of

ROOT = Path(__file__).resolve().parents[1]
LOCKED = (ROOT / "requirements.txt", ROOT / "local" / "requirements.txt")
_SERVICES = ("osv", "pypi")
_KNOWN = "jinja2==2.4.1"  # CVE-2014-1402 and others
_NOBODY = 3


def rows(full: bool) -> Iterator[Row]:
    found, audited = _audit(_service())
    yield none_of("releases with known vulnerabilities", audited, found)


def main() -> int:
    try:
        found, audited = _audit(_service())
    except Missing as missing:
        print(missing, file=sys.stderr)
        return _NOBODY
    print(*found, f"{audited} releases audited, {len(found)} with known vulnerabilities", sep="\n")
    return 1 if found else 0


def _service() -> str:
    """One that knows. Raises Missing."""
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder, "requirements.txt")
        known.write_text(f"{_KNOWN}\n")
        for service in _SERVICES:
            if any(each["vulns"] for each in _asked(service, known)):
                return service
    raise Missing("no vulnerability service answers (OSV, PyPI): nothing was audited")


def _audit(service: str) -> tuple[list[str], int]:
    """What is known of each, and how many there were."""
    releases = [each for file in LOCKED for each in _asked(service, file)]
    found = [f"{each['name']} {each['version']}: {one['id']}" for each in releases for one in each["vulns"]]
    return found, len(releases)


def _asked(service: str, file: Path) -> list[dict[str, list[dict[str, str]]]]:
    """pip-audit's word on each release of a file; none if it has no answer."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", service, "--disable-pip", "--no-deps"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "15", "--requirement", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        return [each for each in json.loads(done.stdout)["dependencies"] if "vulns" in each]
    except (ValueError, KeyError):
        return []


if __name__ == "__main__":
    sys.exit(main())
