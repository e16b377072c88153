"""The server killed with -9 at random moments of its working day, and all that has to be so after each start."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.docker_engine import docker_answers
from trust.day.day import SETTINGS, Day, Report, Setting
from trust.row import Missing, Row, at_least, none_of

_A_DAY = 25
_KILLS = {"plain": (8, 200), "slow fsync": (6, 150), "full disk": (6, 125), "docker": (2, 25)}


def rows(full: bool) -> Iterator[Row]:
    total = asked = 0
    for setting in SETTINGS:
        kills = _KILLS[setting.name][full]
        try:
            report = _days(setting, kills)
        except Missing as missing:
            yield Row(f"kill -9, {setting.name}", f"left out: {missing}", ok=os.environ.get("CI") != "true")
            continue
        asked += kills
        total += report.kills.total()
        yield none_of(f"kill -9, {setting.name}: faults after the starts", report.kills.total(), report.faults)
    yield at_least("kill -9 in all", total, asked)


def _days(setting: Setting, kills: int) -> Report:
    """So many kills, some in each day, each day with a seed and a folder of its own. Raises Missing."""
    if setting.engine == "docker" and not docker_answers():
        raise Missing("no Docker engine answers: start dockerd, or Docker Desktop")
    whole = Report()
    for seed, begun in enumerate(range(0, kills, _A_DAY)):
        folder = Path(tempfile.mkdtemp(prefix="modelserver-day-"))
        report = Day(folder, str(seed), setting).run(min(_A_DAY, kills - begun))
        whole.kills += report.kills
        whole.done += report.done
        whole.faults += report.faults
        if not report.faults:  # else it is kept for looking at
            shutil.rmtree(folder)
    return whole
