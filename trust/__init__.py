"""What the project promises about trust, tried: `make trust` prints one table. `functions` goes on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))
