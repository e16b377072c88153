"""The project beside its peers, measured. `functions` goes on the path, as functions-framework does it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))
