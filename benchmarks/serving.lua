-- wrk's side of benchmarks/serving.py: counts good answers by their bodies, prints one line of JSON.
-- wrk -s serving.lua URL -- BODY EXPECTED
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  wrk.method = "POST"
  wrk.body = arguments[1]
  wrk.headers["Content-Type"] = "application/json"
  expected = arguments[2]
  good = 0
  refused = 0
end

function response(status, headers, body)
  if status == 200 and body:find(expected, 1, true) then
    good = good + 1
  else
    refused = refused + 1
  end
end

function done(summary, latency, requests)
  local good, refused = 0, 0
  for _, thread in ipairs(threads) do
    good = good + thread:get("good")
    refused = refused + thread:get("refused")
  end
  local errors = summary.errors
  refused = refused + errors.connect + errors.read + errors.write + errors.timeout
  local seconds = summary.duration / 1000000
  print(string.format('\n{"good": %f, "refused": %d, "p50": %f, "p99": %f}',
    good / seconds, refused, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
