"""One day again: python -m trust.day SETTING SEED KILLS, as a fault names them; the folder is kept for looking at."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from trust.day.day import SETTINGS, Day


def main(words: list[str]) -> int:
    """1 if there are faults."""
    name, seed, kills = words
    setting = next(each for each in SETTINGS if each.name == name)
    folder = Path(tempfile.mkdtemp(prefix="modelserver-day-"))
    report = Day(folder, seed, setting).run(int(kills))
    print(f"{folder}\n{report.seconds:.0f} s, kills: {dict(report.kills)}, done: {dict(report.done)}")
    print("\n".join(report.faults) or "no fault")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
