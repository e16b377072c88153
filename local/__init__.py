"""modelserver on one machine: files, SQLite, and Docker or plain processes.

Nothing is installed for it: the control plane is found in `functions/`, beside this folder.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functions"))
