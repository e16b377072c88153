"""What has been counted, in Prometheus' text format 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from typing import List

from jid.keep.keeper import BUSY, FAILED, READY, STARTING, Keeper
from jid.keep.tally import BOUNDS, Durations

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(keeper: Keeper, clients: int) -> str:
    """The whole page. clients: how many are connected."""
    connected = _single("jid_connections", "gauge", "Clients that are connected.", clients)
    return "\n".join(_requests(keeper) + connected + _model(keeper)) + "\n"


def _requests(keeper: Keeper) -> List[str]:
    tally = keeper.tally
    lines = _head("jid_requests_total", "counter", "Answered requests, by address and HTTP status.")
    for route, status in sorted(tally.requests):
        count = tally.requests[route, status]
        lines.append('jid_requests_total{{route="{}",status="{}"}} {}'.format(_quoted(route), status, count))
    lines += _head("jid_request_seconds", "histogram", "From a request's head to its answer's end.")
    for route in sorted(tally.seconds):
        lines += _histogram("jid_request_seconds", 'route="{}"'.format(_quoted(route)), tally.seconds[route])
    return lines


def _model(keeper: Keeper) -> List[str]:
    lines = _head("jid_run_seconds", "histogram", "Runs of the model, from their turn to their end.")
    lines += _histogram("jid_run_seconds", "", keeper.tally.runs)
    lines += _single("jid_queue_waiting", "gauge", "Requests that wait for their turn.", keeper.waiting())
    lines += _single("jid_runs_active", "gauge", "Runs under way.", keeper.active())
    lines += _single("jid_slots", "gauge", "Runs that the model takes at once.", keeper.slots)
    lines += _single("jid_restarts_total", "counter", "Starts after the first.", keeper.tally.restarts)
    lines += _single("jid_setup_seconds", "gauge", "What the last set-up took.", keeper.tally.setup_seconds)
    lines += _head("jid_model_state", "gauge", "1 for the state that the model is in.")
    status = keeper.status()
    states = (STARTING, READY, BUSY, FAILED)
    return lines + ['jid_model_state{{state="{}"}} {}'.format(one, int(one == status)) for one in states]


def _histogram(name: str, label: str, durations: Durations) -> List[str]:
    lines: List[str] = []
    total = 0
    comma = label + "," if label else ""
    for bound, count in zip(BOUNDS + (float("inf"),), durations.counts):  # noqa: B905  # as old Pythons have it
        total += count
        shown = "+Inf" if bound == float("inf") else "{:g}".format(bound)
        lines.append('{}_bucket{{{}le="{}"}} {}'.format(name, comma, shown, total))
    braces = "{" + label + "}" if label else ""
    return lines + ["{}_sum{} {:.6f}".format(name, braces, durations.sum), "{}_count{} {}".format(name, braces, total)]


def _single(name: str, kind: str, help_: str, value: float) -> List[str]:
    return _head(name, kind, help_) + ["{} {}".format(name, value)]


def _head(name: str, kind: str, help_: str) -> List[str]:
    return ["# HELP {} {}".format(name, help_), "# TYPE {} {}".format(name, kind)]


def _quoted(text_: str) -> str:
    return text_.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
