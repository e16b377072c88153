"""`make cloud-demo`, as somebody would run it."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.cloud.engines import ROOT, need_builders


@pytest.mark.docker
def test_the_demo_shows_an_image_with_its_digest() -> None:
    need_builders()
    done = subprocess.run([ROOT / "tests" / "cloud" / "demo.sh"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    digest = re.search(r'"Digest": "(sha256:[0-9a-f]{64})"', done.stdout)
    assert digest and f" as {digest[1]}" in done.stdout
    for part in ("Firestore", "Cloud Storage", "Cloud Build", "Artifact Registry", "Pub/Sub, Eventarc", "IAM"):
        assert f"  {part}" in done.stdout
    assert "$ gcloud builds submit --no-source --config buildspecs/model.yaml" in done.stdout
    assert "status: SUCCESS" in done.stdout
    assert done.stdout.rstrip().endswith(digest[1])
