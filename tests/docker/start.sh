#!/bin/sh
# Installs and starts what the tests of the Docker engine need, on Debian as root: a Docker engine, a registry
# on 127.0.0.1:5001, the stand-in base image. What is there already is left alone, so it can run twice.
#
#   tests/docker/start.sh         and to end what it started:   tests/docker/start.sh stop
set -eu

here=$(cd "$(dirname "$0")" && pwd)
state=${MODELSERVER_TEST_STATE:-/tmp/modelserver-tests}
registry=http://127.0.0.1:5001/v2/
mkdir -p "$state"

if [ "${1:-}" = stop ]; then
    for pid in "$state"/*.pid; do
        [ -e "$pid" ] || continue
        kill "$(cat "$pid")" 2>/dev/null || true
        rm -f "$pid"
    done
    exit 0
fi

install() {
    missing=
    for pair in dockerd:docker.io docker-registry:docker-registry debootstrap:debootstrap curl:curl; do
        command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
    done
    [ -n "$missing" ] || return 0
    echo "installing$missing"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$state/apt.log" 2>&1 ||
        { tail -20 "$state/apt.log" >&2; exit 1; }
}

# start NAME COMMAND...: in the background, with its pid and its log in $state.
start() {
    name=$1
    shift
    echo "starting $name"
    setsid "$@" >"$state/$name.log" 2>&1 </dev/null &
    echo $! >"$state/$name.pid"
}

# await NAME COMMAND...: until it succeeds, for a minute at most.
await() {
    name=$1
    shift
    for _ in $(seq 120); do
        if "$@" >/dev/null 2>&1; then
            return 0
        fi
        sleep 0.5
    done
    echo "$0: $name does not answer; the end of its log:" >&2
    tail -20 "$state/$name.log" >&2
    exit 1
}

install
if ! docker info >/dev/null 2>&1; then
    start dockerd dockerd
    await dockerd docker info
fi
if ! curl -fs "$registry" >/dev/null; then
    start registry docker-registry serve "$here/registry.yml"
    await registry curl -fs "$registry"
fi
"$here/base_image.sh"
