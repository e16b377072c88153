"""`python -m tests.cloud.cloudbuild_standin --storage URL [--port N] [--notify URL]`: until interrupted."""

from __future__ import annotations

import argparse
import contextlib
import signal

from google.cloud.devtools.cloudbuild_v1 import Build

from tests.cloud.cloudbuild_standin.delivery import Delivery
from tests.cloud.cloudbuild_standin.server import CloudBuild


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--storage", required=True, help="URL of the storage emulator: logs go there")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 for a free one")
    parser.add_argument("--notify", default="", help="URL of the event function on_build")
    asked = parser.parse_args()
    delivery = Delivery(asked.notify) if asked.notify else None

    def changed(build: Build, last: bool) -> None:
        if delivery:
            delivery.publish(build, last)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with CloudBuild(asked.storage, changed, asked.port) as standin:
        print(f"Cloud Build's stand-in listens on {standin.url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
