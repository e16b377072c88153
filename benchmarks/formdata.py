"""Streaming multipart parsers side by side: one file part, read in chunks, its bytes counted and dropped.

    python -m benchmarks.formdata [MEBIBYTES]

Each line is a process of its own, so that peak memory is that of one parser. Two bodies: random bytes, as a
zip looks, and lines of CR LF "-", which keep a parser looking for the boundary.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import multipart  # type: ignore[import-untyped]
from streaming_form_data import StreamingFormDataParser  # type: ignore[import-untyped]
from streaming_form_data.targets import BaseTarget  # type: ignore[import-untyped]
from werkzeug.sansio.multipart import Data, Epilogue, MultipartDecoder, NeedData

MIB = 1024 * 1024
BOUNDARY = "------------------------d74496d66958873e"
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="model.zip"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
Count = Callable[[Iterator[bytes]], int]


def chunks(payload: str, mebibytes: int, length: int) -> Iterator[bytes]:
    block = os.urandom(MIB) if payload == "random" else b"\r\n-" * (MIB // 3) + b"."
    yield HEAD
    for _ in range(mebibytes):
        for at in range(0, MIB, length):
            yield block[at : at + length]
    yield TAIL


def by_werkzeug(body: Iterator[bytes]) -> int:
    decoder, count = MultipartDecoder(BOUNDARY.encode()), 0
    for chunk in body:
        decoder.receive_data(chunk)
        while not isinstance(event := decoder.next_event(), (NeedData, Epilogue)):
            if isinstance(event, Data):
                count += len(event.data)
    return count


def by_multipart(body: Iterator[bytes]) -> int:
    count = 0
    with multipart.PushMultipartParser(BOUNDARY) as parser:
        for chunk in body:
            for event in parser.parse(chunk):
                if isinstance(event, (bytes, bytearray)):
                    count += len(event)
    return count


class Counter(BaseTarget):  # type: ignore[misc]
    count = 0

    def on_data_received(self, chunk: bytes) -> None:
        self.count += len(chunk)


def by_streaming_form_data(body: Iterator[bytes]) -> int:
    counter = Counter()
    parser = StreamingFormDataParser({"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
    parser.register("file", counter)
    for chunk in body:
        parser.data_received(chunk)
    return counter.count


PARSERS: dict[str, Count] = {
    "werkzeug": by_werkzeug,
    "multipart": by_multipart,
    "streaming-form-data": by_streaming_form_data,
}


def measure(parser: str, payload: str, mebibytes: int, length: int) -> None:
    """Prints seconds and the growth of peak memory in bytes as JSON."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    count = PARSERS[parser](chunks(payload, mebibytes, length))
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps({"right": abs(count - mebibytes * MIB) < MIB, "seconds": seconds, "bytes": (after - before) * 1024})
    )


def main(mebibytes: int) -> None:
    print(f"{mebibytes} MiB, one file part")
    print(f"{'parser':20} {'body':8} {'read KiB':>8} {'seconds':>8} {'MB/s':>6} {'peak +MiB':>9}")
    for payload in ("random", "borders"):
        for length in (64 * 1024, MIB):
            for parser in PARSERS:
                case = [parser, payload, str(mebibytes), str(length)]
                printed = subprocess.run([sys.executable, __file__, *case], capture_output=True, check=True).stdout
                found = json.loads(printed)
                speed = mebibytes * MIB / found["seconds"] / 1e6
                note = "" if found["right"] else "  (wrong byte count)"
                print(
                    f"{parser:20} {payload:8} {length // 1024:8} {found['seconds']:8.2f} {speed:6.0f}"
                    f" {found['bytes'] / MIB:9.1f}{note}",
                    flush=True,
                )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
