"""Nobody gets more than is meant. checkov misses some of this: it knows no bindings on Cloud Run's v2 services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud.terraform import Block, configuration, local_value, resource, resources

EVERYBODY = re.compile(r"allUsers|allAuthenticatedUsers")
# The predefined roles that anybody is given. Every other right is one of the roles in roles.tf.
PREDEFINED = {
    "roles/artifactregistry.reader",
    "roles/artifactregistry.writer",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/logging.logWriter",
    "roles/run.invoker",
    "roles/secretmanager.secretAccessor",
    "roles/storage.legacyBucketReader",
    "roles/storage.objectUser",
    "roles/storage.objectViewer",
}
BINDINGS = [block for block in resources() if re.search(r"_iam_(member|binding|policy)$", block.labels[0])]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _text(block: Block) -> str:
    """All that is written in it."""
    return " ".join([*_texts(block.attributes), *map(_text, block.blocks)])


def test_everybody_is_let_in_only_through_the_variable() -> None:
    naming = [b.address for b in configuration() if b.kind != "variable" and EVERYBODY.search(_text(b))]
    assert naming == ["google_cloud_run_v2_service_iam_member.public"]
    assert resource("google_cloud_run_v2_service_iam_member", "public").attributes["for_each"] == "${var.public}"
    (public,) = (block for block in configuration() if block.kind == "variable" and block.labels == ("public",))
    assert public.attributes["default"] == []


def test_callers_are_bound_on_the_services_and_not_on_the_functions() -> None:
    assert not [b.address for b in BINDINGS if b.labels[0].startswith("google_cloudfunctions")]


@pytest.mark.parametrize("block", BINDINGS, ids=[block.address for block in BINDINGS])
def test_no_binding_takes_others_away_or_grants_a_broad_role(block: Block) -> None:
    assert block.labels[0].endswith("_iam_member"), "a binding or policy would replace bindings of others"
    roles = set(re.findall(r"roles/[\w.]+", _text(block)))
    assert roles <= PREDEFINED


def test_nobody_acts_as_an_account_of_the_whole_project() -> None:
    for block in BINDINGS:
        if "iam.serviceAccount" in _text(block):
            assert block.labels[0] == "google_service_account_iam_member", block.address


def test_every_function_has_its_line_in_the_table_of_rights() -> None:
    assert set(local_value("rights")) == set(local_value("every_function"))


def test_every_right_in_the_table_is_a_role_and_every_role_is_used() -> None:
    in_table = {role for rights in local_value("rights").values() for role in _roles(rights)}
    bound = set(re.findall(r'custom_role\.modelserver\["(\w+)"\]', " ".join(map(_text, BINDINGS))))
    assert in_table | bound == set(local_value("roles"))


def _roles(rights: dict[str, Any]) -> set[str]:
    """Of one line of the table; `logs` may be null."""
    named = {*rights["records"], *rights["builds"], *rights["runs"], *rights["objects"].values(), rights["logs"]}
    return named - {None, "null"}


def test_functions_and_builds_name_their_own_accounts() -> None:
    for function in resources("google_cloudfunctions2_function"):
        assert "google_service_account.deploy" in function.one("build_config").attributes["service_account"]
        assert "google_service_account.function" in function.one("service_config").attributes["service_account_email"]


@pytest.mark.parametrize("bucket", resources("google_storage_bucket"), ids=lambda block: block.address)
def test_no_bucket_can_be_made_public(bucket: Block) -> None:
    assert bucket.attributes["uniform_bucket_level_access"] is True
    assert bucket.attributes["public_access_prevention"] == "enforced"


def test_unfinished_uploads_are_swept() -> None:
    rules = [_rule(block) for block in resource("google_storage_bucket", "packages").nested("lifecycle_rule")]
    (days,) = [days for action, days, prefixes in rules if prefixes == ["staging/"] and action == "Delete"]
    assert days > 7, "a session lives for a week, and so must what marks it"
    assert ("AbortIncompleteMultipartUpload", 1, None) in rules


def test_no_lifecycle_takes_a_package() -> None:
    for block in resource("google_storage_bucket", "packages").nested("lifecycle_rule"):
        action, _, prefixes = _rule(block)
        if action == "Delete":
            assert prefixes and not {"packages/", ""} & set(prefixes)


def _rule(block: Block) -> tuple[str, int, list[str] | None]:
    """What is done, after how many days, with the objects under which prefixes."""
    condition = block.one("condition").attributes
    return block.one("action").attributes["type"], condition["age"], condition.get("matches_prefix")
