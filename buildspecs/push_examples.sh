#!/bin/sh
# Pushes every folder of examples/ to a server and waits until each is ready; for any CI. Needs git, curl.
#
#   buildspecs/push_examples.sh URL [GET_URL]
#
# URL: of the server, or of the function `upload`; then GET_URL is that of the function `get`.
# UPLOAD_TOKEN, GET_TOKEN, or TOKEN for both: sent as a bearer token.
#
# A package's ID is git's for its folder (git rev-parse HEAD:examples/NAME), so one GET tells whether the server has
# it: what is ready there is not sent. What is sent is what was committed. Exit status 1 if one did not get ready.
set -eu

server=${1:?"usage: $0 URL [GET_URL]"}
getter=${2:-$server}
patience=${PATIENCE:-1800} # seconds for one package
cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A token goes into a file that curl reads, not onto a command line that `ps` shows.
authorize() { if [ -n "$2" ]; then printf 'header = "Authorization: Bearer %s"\n' "$2" >"$work/$1"; else : >"$work/$1"; fi; }
authorize upload "${UPLOAD_TOKEN:-${TOKEN:-}}"
authorize get "${GET_TOKEN:-${TOKEN:-}}"

# Both leave the answer in $work/answer and print its HTTP status.
get() {
  curl --silent --show-error --config "$work/get" --retry 3 --output "$work/answer" --write-out '%{http_code}' \
    "$getter/v1/packages/$1"
}
upload() {
  curl --silent --show-error --config "$work/upload" --output "$work/answer" --write-out '%{http_code}' \
    --header 'Content-Type: application/zip' --header 'Prefer: respond-async' --data-binary "@$1" \
    "$server/v1/packages/upload"
}
# status HTTP: of the package in the answer; "none" if it is no package.
status() {
  case $1 in
  200 | 201 | 202) grep -o '"Status": *"[a-z]*"' "$work/answer" | head -n 1 | cut -d '"' -f 4 ;;
  *) echo none ;;
  esac
}

failed=0
printf '%-20s %-40s %-8s %s\n' EXAMPLE ID STATUS SECONDS
for folder in examples/*/; do
  name=$(basename "$folder")
  id=$(git rev-parse "HEAD:examples/$name")
  began=$(date +%s)
  state=$(status "$(get "$id")")
  sent=no
  if [ "$state" != ready ] && [ "$state" != building ]; then
    git archive --format=zip --output "$work/package.zip" "$id"
    state=$(status "$(upload "$work/package.zip")")
    sent=yes
  fi
  while [ "$state" = building ] && [ $(($(date +%s) - began)) -lt "$patience" ]; do
    sleep "${PAUSE:-5}"
    state=$(status "$(get "$id")")
  done
  if [ "$state" = ready ] && [ "$sent" = no ]; then shown=known; else shown=$state; fi
  printf '%-20s %-40s %-8s %s\n' "$name" "$id" "$shown" "$(($(date +%s) - began))"
  if [ "$state" != ready ]; then
    failed=1
    cat "$work/answer" >&2
  fi
done
exit $failed
