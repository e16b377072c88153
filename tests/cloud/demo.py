"""`python -m tests.cloud.demo FOLDER EXAMPLE`: one package through the functions, in front of somebody who watches."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cloud.emulators import firestore_emulator, storage_binary
from tests.cloud.engines import REGISTRY, need_builders, settings_for
from tests.cloud.functions import Project, curl, project
from tests.cloud.gcloud import Gcloud, submission
from tests.cloud.images import digest_of
from tests.cloud.storage_standin import listening

_BUCKET = "demo-packages"
_TARGETS = ("upload", "get", "list_packages", "download", "on_build")


def main(folder: Path, example: Path) -> None:
    """Raises pytest's Skipped or Failed when something is missing."""
    need_builders()
    with ExitStack() as stack:
        _say("Starting what stands in for Google Cloud")
        firestore = stack.enter_context(firestore_emulator())
        _stands("Firestore", f"Google's own emulator, {firestore}")
        storage = stack.enter_context(listening(storage_binary()))
        storage.service.create_bucket(_BUCKET)
        os.environ["STORAGE_EMULATOR_HOST"] = storage.url  # for a look into the bucket from here
        _stands("Cloud Storage", f"fake-gcs-server, {storage.url}")
        cloud = stack.enter_context(project(folder, firestore, storage.url, _BUCKET))
        _stands("Cloud Build", f"tests/cloud/cloudbuild_standin, {cloud.standin.url}; its steps run in Docker")
        _stands("Artifact Registry", f"docker-registry, {REGISTRY}")
        _stands("Pub/Sub, Eventarc", "the stand-in of Cloud Build posts each CloudEvent to on_build itself")
        _stands("IAM", "nothing: only a project of Google Cloud can show who may do what")
        _say("Starting the functions, a process of functions-framework for each, as they are deployed")
        for target in _TARGETS:
            _stands(target, cloud.url(target))
        cloud.tell()
        _show(cloud, folder, example)


def _show(cloud: Project, folder: Path, example: Path) -> None:
    zip_file = Path(shutil.make_archive(str(folder / example.name), "zip", example))
    _say(f"$ curl -F file=@{zip_file.name} {cloud.url('upload')}/   (the build is buildspecs/model.yaml)")
    sent = cloud.upload(zip_file)
    if sent.status not in (200, 201):
        sys.exit(f"{sent.status}\n{sent.body.decode(errors='replace')}")
    package_id = sent.json()["ID"]
    print(f"{sent.status}: {package_id} is {sent.json()['Status']}")
    _say(f"The list: $ curl {cloud.url('list_packages')}/")
    print("\n".join(f"{one['Created']} {one['ID']} {one['Name']}" for one in cloud.listed()))
    _say(f"The zip: $ curl {cloud.url('download')}/{package_id}.zip")
    same = curl(f"{cloud.url('download')}/{package_id}.zip").body == zip_file.read_bytes()
    print("byte for byte what was uploaded" if same else sys.exit("It is not what was uploaded."))
    _build_by_hand(cloud, folder, package_id)
    _show_metadata(cloud, package_id)


def _build_by_hand(cloud: Project, folder: Path, package_id: str) -> None:
    """As buildspecs/model.yaml says: of a package that the server has, with the recipe that its bucket has."""
    settings = settings_for(_BUCKET, cloud.standin.url)
    gcloud = Gcloud(folder / "gcloud", settings.project, cloud.standin.url)
    ((recipe, _),) = cloud.objects.listed(f"recipes/{package_id}/")
    words = submission(settings, package_id, Path(recipe).name.partition(".")[0], "by-hand")
    _say(f"The same build by hand, with the real CLI: $ gcloud {' '.join(words)}")
    _print(gcloud(*words))
    build = cloud.builds()[0]
    cloud.standin.builds.join(build.id)
    shown = ("--format", "yaml(status,results.images)")
    _say(f"$ gcloud builds describe {build.id} {' '.join(shown)}")
    _print(gcloud("builds", "describe", build.id, *shown))


def _print(done: subprocess.CompletedProcess[str]) -> None:
    print(done.stderr + done.stdout, end="")
    if done.returncode:
        sys.exit(done.returncode)


def _show_metadata(cloud: Project, package_id: str) -> None:
    _say(f"The metadata: $ curl {cloud.url('get')}/{package_id}")
    package = cloud.get(package_id)
    print(json.dumps(package, indent=2))
    for artifact in package["Artifacts"]:
        found = digest_of(artifact["URI"])
        _say(f"The registry has {artifact['URI']} as {found}")
        if found != artifact["Digest"]:
            sys.exit("That is not the digest in the metadata.")


def _say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def _stands(what: str, by: str) -> None:
    print(f"  {what:18} {by}", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.pop("CI", None)  # what is missing is said, not failed for
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except pytest.skip.Exception as missing:
        sys.exit(f"Something is missing: {missing}")
    except KeyboardInterrupt:
        sys.exit(130)
