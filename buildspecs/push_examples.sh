#!/bin/sh
# Pushes every folder of examples/ to a server and waits until each is ready; for any CI. Needs git, curl.
#
#   buildspecs/push_examples.sh URL [GET_URL]
#
# URL: of the server, or of the function `upload`; then GET_URL is that of the function `get`.
# UPLOAD_TOKEN, GET_TOKEN, or TOKEN for both: sent as a bearer token.
#
# A package's ID is git's for its folder (git rev-parse HEAD:examples/NAME), so one GET tells whether the server has
# it: what is ready there is not sent. What is sent is what was committed. The table at the end is all that goes to
# standard output. Exit status 1 if one did not get ready.
set -eu

server=${1:?"usage: $0 URL [GET_URL]"}
getter=${2:-$server}
patience=${PATIENCE:-1800} # seconds for one package
json='Content-Type: application/json'
direct=${DIRECT:-16777216} # bytes; larger zips go through a session
cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A token goes into a file that curl reads, not onto a command line that `ps` shows.
authorize() { if [ -n "$2" ]; then printf 'header = "Authorization: Bearer %s"\n' "$2" >"$work/$1"; else : >"$work/$1"; fi; }
authorize upload "${UPLOAD_TOKEN:-${TOKEN:-}}"
authorize get "${GET_TOKEN:-${TOKEN:-}}"

# ask TOKEN ARGUMENTS...: leaves the answer in $work/answer and prints its HTTP status.
ask() {
  token=$1
  shift
  curl --silent --show-error --config "$work/$token" --output "$work/answer" --write-out '%{http_code}' "$@"
}
field() { grep -o "\"$1\": *\"[^\"]*\"" "$work/answer" | cut -d '"' -f 4; } # every text with this key in the answer
get() { ask get --retry 3 "$getter/v1/packages/$1"; }
post() { ask upload "$@" --header 'Prefer: respond-async' "$server/v1/packages/upload"; }
upload() {
  size=$(wc -c <"$1")
  if [ "$size" -le "$direct" ]; then
    post --header 'Content-Type: application/zip' --data-binary "@$1"
    return
  fi
  for _ in 1 2 3; do
    begun=$(ask upload --header "$json" --data "{\"Size\": $((size))}" "$server/v1/packages/uploads")
    if [ "$begun" != 201 ]; then break; fi
    name=$(field Upload) location=$(field Location)
    # Whoever knows the session's address may write there: it is sent no token but the server's own.
    case $location in "$server"/*) token=upload ;; *) : >"$work/none" && token=none ;; esac
    case $(ask "$token" --upload-file "$1" "$location") in
    20?) post --header "$json" --data "{\"Upload\": \"$name\"}" && return ;;
    esac
  done
  echo "$begun"
}
# status HTTP: of the package in the answer; "none" if it is no package.
status() {
  case $1 in
  200 | 201 | 202) field Status | head -n 1 ;;
  *) echo none ;;
  esac
}

failed=0
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
  echo "$name: $shown after $(($(date +%s) - began)) s" >&2
  images=-
  if [ "$state" = ready ]; then
    images=$(field URI | paste -s -d , -)
  else
    failed=1
    cat "$work/answer" >&2
  fi
  printf '%-20s %-40s %-8s %s\n' "$name" "$id" "$shown" "$images" >>"$work/table"
done
printf '%-20s %-40s %-8s %s\n' EXAMPLE ID STATUS IMAGES
cat "$work/table"
exit $failed
