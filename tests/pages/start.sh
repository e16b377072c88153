#!/bin/sh
# Installs what the tests of the pages open them in, on Debian as root: Chromium, and the font that screenshots are
# made with. What is there already is left alone, so it can run twice.
#
#   tests/pages/start.sh
set -eu

state=${MODELSERVER_TEST_STATE:-/tmp/modelserver-tests}
mkdir -p "$state"

missing=
command -v chromium >/dev/null || missing="$missing chromium"
command -v zip >/dev/null || missing="$missing zip" # what pages tell people to type
[ -d /usr/share/fonts/opentype/inter ] || missing="$missing fonts-inter"
[ -n "$missing" ] || exit 0
echo "installing$missing"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$state/apt.log" 2>&1 ||
    { tail -20 "$state/apt.log" >&2; exit 1; }
