"""Writes docs/reference from the code that it speaks of: `python -m docs.generator`."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / name) for name in ("functions", "runtime", "cli")]
