"""What Cloud Build refuses, as far as its proto, its documentation and reports of its users say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from google.cloud.devtools.cloudbuild_v1 import Build, BuildOptions, BuildStep

from tests.cloud.cloudbuild_standin.substitution import names

BUILT_IN = {
    "PROJECT_ID", "PROJECT_NUMBER", "BUILD_ID", "LOCATION", "COMMIT_SHA", "REVISION_ID", "SHORT_SHA",
    "REPO_NAME", "REPO_FULL_NAME", "BRANCH_NAME", "TAG_NAME", "REF_NAME", "TRIGGER_NAME",
    "SERVICE_ACCOUNT", "SERVICE_ACCOUNT_EMAIL",
}  # fmt: skip

_KEY = re.compile(r"_[A-Z0-9_]+")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_ACCOUNT = re.compile(r"projects/[^/]+/serviceAccounts/[^/]+")
_BUCKET = re.compile(r"gs://[a-z0-9][a-z0-9._-]+(/[^/]+)*")
_RESERVED = ("/workspace", "/builder/home", "/var/run/docker.sock")
_MOST_STEPS, _MOST_TAGS, _MOST_TEXT = 100, 64, 4000


def refusals(build: Build) -> list[str]:
    """Every reason not to take the build, before its substitutions are made; empty if it is sound."""
    return [*_of_steps(build), *_of_substitutions(build), *_of_the_rest(build)]


def _of_steps(build: Build) -> Iterator[str]:
    if not 1 <= len(build.steps) <= _MOST_STEPS:
        yield f"a build has 1 to {_MOST_STEPS} steps"
    seen: set[str] = set()
    for number, step in enumerate(build.steps):
        place = f'build step {number} "{step.id}"'
        if step.id and step.id in seen:
            yield f"{place}: the ID is used twice"
        for earlier in step.wait_for:
            if earlier != "-" and earlier not in seen:
                yield f'{place} waits for "{earlier}", which is no step before it'
        seen.add(step.id)
        yield from (f"{place}: {reason}" for reason in _of_step(step))


def _of_step(step: BuildStep) -> Iterator[str]:
    if not step.name:
        yield "it has no name"
    if step.script and (step.args or step.entrypoint):
        yield "a script excludes args and entrypoint"
    if any(len(text) > _MOST_TEXT for text in (*step.args, *step.env)):
        yield f"an argument has more than {_MOST_TEXT} characters"
    if any("=" not in text for text in step.env):
        yield "env is a list of KEY=VALUE"
    if any(volume.path in _RESERVED for volume in step.volumes):
        yield f"a volume may not be at {', '.join(_RESERVED)}"


def _of_substitutions(build: Build) -> Iterator[str]:
    try:
        used = names(build)
    except ValueError as error:
        yield str(error)
        return
    for key in build.substitutions:
        if not _KEY.fullmatch(key) and key not in BUILT_IN:
            yield f'"{key}" is no key of a substitution: it starts with an underscore, upper case'
    if build.options.substitution_option == BuildOptions.SubstitutionOption.ALLOW_LOOSE:
        return
    for key in sorted(used - set(build.substitutions) - BUILT_IN):
        yield f'key in the template "{key}" is not matched in the substitution data'
    for key in sorted(set(build.substitutions) - used - BUILT_IN):
        yield f'key "{key}" in the substitution data is not matched in the template'


def _of_the_rest(build: Build) -> Iterator[str]:
    if len(build.tags) > _MOST_TAGS or not all(map(_TAG.fullmatch, build.tags)):
        yield f"at most {_MOST_TAGS} tags of letters, digits, _ . and -"
    if build.service_account and not _ACCOUNT.fullmatch(build.service_account):
        yield "service_account is projects/PROJECT/serviceAccounts/EMAIL"
    options = build.options
    modes = BuildOptions.LoggingMode
    elsewhere = options.logging in (modes.CLOUD_LOGGING_ONLY, modes.NONE)
    if build.service_account and not (elsewhere or build.logs_bucket or options.default_logs_bucket_behavior):
        yield "if 'build.service_account' is specified, the build must name its logs_bucket or log elsewhere"
    if build.logs_bucket and not _BUCKET.fullmatch(re.sub(r"\$\{?[A-Z_0-9]+\}?", "x0", build.logs_bucket)):
        yield "logs_bucket is gs://BUCKET"
    lasts: Any = build.timeout  # a timedelta, as proto-plus shows a Duration
    if lasts and lasts.total_seconds() > 24 * 3600:
        yield "a build ends within 24 hours"
