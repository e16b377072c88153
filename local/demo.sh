#!/usr/bin/env bash
# The whole of it once, with curl: upload every example, look at what came of it, ask one. Ends what it starts.
set -euo pipefail
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
ENGINE=${ENGINE:-auto}
work=$(mktemp -d "${TMPDIR:-/tmp}/modelserver-demo-XXXXXX")
started=()

end() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  [ -z "${container:-}" ] || docker rm --force "$container" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap end EXIT

bold= plain=
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
free_port() { "$BIN/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
field() { "$BIN/python" -c "import json, sys; it = json.load(sys.stdin); print($1)"; } # JSON on standard input, as `it`
await() { # URL, pid: until it answers
  for _ in $(seq 300); do
    curl --silent --fail --output /dev/null "$1" && return
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  echo "No answer from $1:" >&2
  cat "$work"/*.log >&2
  exit 1
}

if [ "$ENGINE" = auto ]; then ENGINE=$("$BIN/python" -m local.choice); fi

port=$(free_port)
server=http://127.0.0.1:$port
say "Starting the server on $server (engine: $ENGINE)"
"$BIN/python" -m local --port "$port" --data "$work/data" --engine "$ENGINE" >"$work/server.log" 2>&1 &
started+=($!)
await "$server/v1/health" $!
curl --silent "$server/v1/health"

for example in examples/*/; do
  name=$(basename "$example")
  say "Uploading $name: zip, check, build, test (its packages are downloaded the first time)"
  "$BIN/python" -m zipfile -c "$work/$name.zip" "$example"
  echo "\$ curl -X POST $server/v1/packages/upload -F file=@$name.zip"
  status=$(curl --silent --output "$work/$name.json" --write-out '%{http_code} in %{time_total} s' \
    -X POST "$server/v1/packages/upload" -F "file=@$work/$name.zip")
  echo "$status"
  if [ "${status%% *}" != 201 ]; then
    cat "$work/$name.json"
    exit 1
  fi
  field '"\n".join([it["ID"], *(a["Target"] + " " + a["URI"] for a in it["Artifacts"])])' <"$work/$name.json"
done

id=$(field 'it["ID"]' <"$work/hello.json")
say "The metadata of hello: curl $server/v1/packages/$id"
curl --silent --fail "$server/v1/packages/$id"

say "The list: curl $server/v1/packages/"
curl --silent --fail "$server/v1/packages/" | field '"\n".join(p["Created"] + " " + p["ID"] + " " + p["Name"] for p in it)'

say "The page of hello, for a browser: $server/v1/packages/$id"
curl --silent --fail -H 'Accept: text/html' "$server/v1/packages/$id" | grep --only-matching '<title>.*</title>'

say "The zip, byte for byte: curl $server/v1/packages/$id.zip > my-package.zip"
curl --silent --fail "$server/v1/packages/$id.zip" >"$work/my-package.zip"
cmp "$work/my-package.zip" "$work/hello.zip" && echo "$(wc -c <"$work/my-package.zip") bytes, the same as uploaded"
if git rev-parse --quiet --verify HEAD:examples/hello >/dev/null 2>&1; then
  echo "git rev-parse HEAD:examples/hello -> $(git rev-parse HEAD:examples/hello)"
fi

port=$(free_port)
uri=$(field 'it["Artifacts"][0]["URI"]' <"$work/hello.json")
say "One inference"
if [ "${uri#file://}" != "$uri" ]; then
  "${uri#file://}/jid" serve --host 127.0.0.1 --port "$port" >"$work/model.log" 2>&1 &
  started+=($!)
  await "http://127.0.0.1:$port/ping" $!
else
  container=$(docker run --detach --label modelserver=demo --publish "127.0.0.1:$port:5000" "$uri")
  await "http://127.0.0.1:$port/ping" $$
fi
echo "\$ curl http://127.0.0.1:$port/infer -F text=world"
curl --silent --fail "http://127.0.0.1:$port/infer" -F text=world

say "Deleting what was made: curl -X DELETE $server/v1/packages/<id>"
[ -z "${container:-}" ] || docker rm --force "$container" >/dev/null
for package in "$work"/*.json; do
  curl --silent --output /dev/null --write-out '%{http_code} ' -X DELETE "$server/v1/packages/$(field 'it["ID"]' <"$package")"
done
say "All of it worked."
