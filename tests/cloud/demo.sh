#!/usr/bin/env bash
# Google Cloud on one machine, once: starts a stand-in for each of its parts, uploads an example with curl through the
# functions, shows what came of it. Ends what it starts, by its process ID.
set -euo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-.venv/bin}
MODELSERVER_TEST_STATE=$(mktemp -d "${TMPDIR:-/tmp}/modelserver-cloud-demo-XXXXXX")
export MODELSERVER_TEST_STATE

end() {
  tests/docker/start.sh stop # what this run started, and nothing that was there before
  rm -rf "$MODELSERVER_TEST_STATE"
}
trap end EXIT
trap 'exit 130' INT TERM

tests/docker/start.sh
tests/cloud/start.sh
PYTHONPATH=functions:. "$BIN/python" -m tests.cloud.demo "$MODELSERVER_TEST_STATE" "${1:-examples/hello}"
