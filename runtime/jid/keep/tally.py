"""What has been counted since the start, for those who watch a server."""

from bisect import bisect_left
from typing import Dict, List, Tuple

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)  # seconds


class Durations:
    """A histogram of seconds. counts: by BOUNDS, each without those before it; the last are beyond all bounds."""

    def __init__(self) -> None:
        self.counts: List[int] = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds


class Tally:
    """requests: by address and HTTP status. seconds: of whole requests, by address. runs: of the model alone."""

    def __init__(self) -> None:
        self.requests: Dict[Tuple[str, int], int] = {}
        self.seconds: Dict[str, Durations] = {}
        self.runs = Durations()
        self.restarts = 0
        self.setup_seconds = 0.0

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        key = (route, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        if route not in self.seconds:
            self.seconds[route] = Durations()
        self.seconds[route].observe(seconds)
