"""Links to large downloads: each signature is checked as Cloud Storage would, with a throwaway key."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from modelserver.errors import Misconfigured
from modelserver.gcp.objects import Objects
from modelserver.gcp.storage import CloudStorage
from tests.cloud.identity import EMAIL, TOKEN, Identity, service_account_file, standing_in, throwaway_key

_KEY = throwaway_key()
_ZIP = b"PK" + b"x" * 100
_FUNCTIONS = Path(__file__).parents[2] / "functions"
_LINKS = """
import sys
from modelserver.errors import Problem
from modelserver.gcp.objects import Objects
from modelserver.gcp.storage import CloudStorage
bucket, name = sys.argv[1:]
reader = CloudStorage(Objects(bucket), link_above=100).open(name)
try:
    print(reader.link("model.zip"))
    print(reader.link("model.zip"))
except Problem as problem:
    print(problem.code, problem.detail, repr(problem.__cause__))
"""


def _kept(bucket: str) -> str:
    storage = CloudStorage(Objects(bucket))
    upload = storage.receive([_ZIP], 1000)
    storage.keep(upload.name)
    return upload.name


def _link(bucket: str) -> str:
    link = CloudStorage(Objects(bucket), link_above=100).open(_kept(bucket)).link("model.zip")
    assert link
    return link


def _signed_text(url: str) -> bytes:
    """The string to sign, made from a URL by V4's rules (cloud.google.com/storage/docs/authentication/signatures)."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query.pop("X-Goog-Signature")
    assert query["X-Goog-Algorithm"] == "GOOG4-RSA-SHA256"
    assert query["X-Goog-SignedHeaders"] == "host"
    canonical_query = "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))
    request = ["GET", parts.path, canonical_query, f"host:{parts.netloc}", "", "host", "UNSIGNED-PAYLOAD"]
    digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
    scope = query["X-Goog-Credential"].split("/", 1)[1]
    return "\n".join(["GOOG4-RSA-SHA256", query["X-Goog-Date"], scope, digest]).encode()


def _verify(url: str) -> None:
    """Raises InvalidSignature."""
    signature = bytes.fromhex(dict(parse_qsl(urlsplit(url).query))["X-Goog-Signature"])
    _KEY.public_key().verify(signature, _signed_text(url), padding.PKCS1v15(), hashes.SHA256())


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account_file(tmp_path, _KEY)))


@pytest.mark.usefixtures("key_file")
def test_a_link_is_signed_for_one_generation_one_name_and_a_quarter_of_an_hour(bucket: str) -> None:
    url = _link(bucket)
    _verify(url)
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["X-Goog-Credential"].startswith(EMAIL + "/")
    assert query["X-Goog-Expires"] == "900"
    assert query["response-content-disposition"] == 'attachment; filename="model.zip"'
    assert query["generation"].isdigit()
    assert urlsplit(url).path.startswith(f"/{bucket}/packages/")
    assert requests.get(url, timeout=30).content == _ZIP


@pytest.mark.usefixtures("key_file")
@pytest.mark.parametrize("part", ["packages", "X-Goog-Expires=9", "generation=1", "model.zip"])
def test_a_link_that_was_changed_is_no_longer_signed(bucket: str, part: str) -> None:
    url = _link(bucket)
    assert part in url
    with pytest.raises(InvalidSignature):
        _verify(url.replace(part, part[:-1] + "0"))


def test_a_small_zip_has_no_link_and_needs_no_credentials(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere")
    storage = CloudStorage(Objects(bucket), link_above=100)
    reader = storage.open(storage.receive([b"x" * 100], 1000).name)
    assert reader.link("model.zip") is None


def test_without_a_key_it_is_iam_that_signs(bucket: str, tmp_path: Path) -> None:
    name = _kept(bucket)
    with standing_in(tmp_path, _KEY) as identity:
        urls = _links_of_a_new_process(bucket, name, identity)
    assert len(urls) == 2
    for url in urls:
        _verify(url)
        assert urlsplit(url).query.count(quote(EMAIL, safe="")) == 1
    assert identity.tokens == 1, "the token is used until it expires"
    _holds_the_contract_of_sign_blob(identity)


def _links_of_a_new_process(bucket: str, name: str, identity: Identity) -> list[str]:
    """As a function would make them, twice; or the problem that it would answer."""
    known = {key: value for key, value in os.environ.items() if key != "GOOGLE_APPLICATION_CREDENTIALS"}
    environment = {**known, **identity.environment, "PYTHONPATH": str(_FUNCTIONS)}
    command = [sys.executable, "-c", _LINKS, bucket, name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def _holds_the_contract_of_sign_blob(identity: Identity) -> None:
    """cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob"""
    assert len(identity.signed) == 2
    for asked in identity.signed:
        assert (asked.host, asked.method) == ("iamcredentials.googleapis.com", "POST")
        assert asked.target == f"/v1/projects/-/serviceAccounts/{EMAIL}:signBlob"
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert asked.headers["content-type"] == "application/json"
        body = json.loads(asked.body)
        assert set(body) == {"payload"}
        assert base64.b64decode(body["payload"]).startswith(b"GOOG4-RSA-SHA256\n")


def test_a_refusal_of_iam_tells_the_cure_and_no_secret(bucket: str, tmp_path: Path) -> None:
    name = _kept(bucket)
    with standing_in(tmp_path, _KEY, refuses=True) as identity:
        told = _links_of_a_new_process(bucket, name, identity)
    assert len(told) == 1
    assert told[0].startswith("UNAVAILABLE")
    assert "signBlob" in told[0]
    assert TOKEN not in told[0]


def test_credentials_of_a_person_cannot_sign_and_that_is_said(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
    file = tmp_path / "person.json"
    file.write_text(json.dumps(person))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    with pytest.raises(Misconfigured, match="service account"):
        _link(bucket)


def test_no_credentials_at_all_is_said(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(Misconfigured, match="GOOGLE_APPLICATION_CREDENTIALS"):
        _link(bucket)
