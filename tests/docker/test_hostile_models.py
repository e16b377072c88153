"""Models that mean harm, or just go wrong: each ends in a clear failure, within its limits, without a trace."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from modelserver.config import Example
from modelserver.package import Outcome
from tests.docker.conftest import Workshop

pytestmark = pytest.mark.docker


def refused(workshop: Workshop, run: str, *examples: Example, setup: str = "pass") -> str:
    """Builds a model with this run(); why it failed."""
    package = workshop.model(run, *examples, setup=setup)
    outcome = workshop.build(package)
    assert outcome.error.get("code") == "TEST_FAILED", outcome
    assert outcome.artifacts == ()
    assert workshop.left(package) == []
    return str(outcome.error["detail"])


def evidence(workshop: Workshop, run: str) -> Outcome:
    return workshop.build(workshop.model(run))


@pytest.mark.parametrize("place", ["setup", "run"])
def test_one_that_sleeps_for_ever_is_stopped(workshop: Workshop, place: str) -> None:
    workshop.settings = replace(workshop.settings, test_timeout=3)
    setup, run = ("time.sleep(9999)", "pass") if place == "setup" else ("pass", "time.sleep(9999)")
    assert "did not end within 3 s" in refused(workshop, run, setup=setup)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_one_that_prints_for_ever_is_stopped(workshop: Workshop, stream: str) -> None:
    workshop.settings = replace(workshop.settings, test_timeout=3)
    assert "did not end within 3 s" in refused(workshop, f"while True: sys.{stream}.write('x' * 9999 + chr(10))")


@pytest.mark.parametrize("number", [1, 2])
def test_one_that_floods_the_output_of_the_test_itself_is_stopped(workshop: Workshop, number: int) -> None:
    flood = f"f = open('/proc/1/fd/{number}', 'w')\nwhile True: f.write('x' * 9999 + chr(10))"
    assert "printed more than 8 MiB" in refused(workshop, flood)


def test_one_that_prints_straight_to_the_first_process_output_is_no_report(workshop: Workshop) -> None:
    refused(
        workshop, "for p in ('/proc/1/fd/1', '/dev/stdout'):\n open(p, 'w').write('{\"Passed\": true}')\nos._exit(0)"
    )


@pytest.mark.parametrize("then", ["time.sleep(9999)", "pass"], ids=["sleepers", "bomb"])
def test_one_that_forks_for_ever_meets_the_limit_of_processes(workshop: Workshop, then: str) -> None:
    """However many there are, they end with the test."""
    workshop.settings = replace(workshop.settings, test_timeout=4)
    bomb = f"while True:\n try:\n  if os.fork() == 0: {then}\n except OSError: time.sleep(0.05)"
    assert "did not end within 4 s" in refused(workshop, bomb)


def test_one_that_fills_the_disk_sees_why(workshop: Workshop) -> None:
    detail = refused(workshop, "with open('/tmp/x', 'wb') as f:\n while True: f.write(bytes(1 << 20))")
    assert "No space left on device" in detail


def test_one_that_writes_elsewhere_sees_why(workshop: Workshop) -> None:
    assert "Read-only file system" in refused(workshop, "open('/var/tmp/x', 'w')")


def test_one_that_takes_all_memory_is_told_the_limit(workshop: Workshop) -> None:
    detail = refused(workshop, "x = bytearray(1 << 20)\nwhile True: x += bytes(b'x' * (1 << 20))")
    assert "out of memory" in detail
    assert "256 MiB" in detail


@pytest.mark.parametrize("last", ["os._exit(0)", "sys.exit(0)", "os.kill(os.getpid(), 9)"])
def test_one_that_ends_its_process_has_not_passed(workshop: Workshop, last: str) -> None:
    assert refused(workshop, last)


def test_one_that_raises_shows_its_own_line(workshop: Workshop) -> None:
    assert "ValueError: out of cheese" in refused(workshop, "raise ValueError('out of cheese')")


def test_there_is_no_network(workshop: Workshop) -> None:
    run = "import socket\nreturn [name for _, name in socket.if_nameindex()]"
    assert _output(evidence(workshop, run)) == ["lo"]
    metadata = "import socket\nsocket.create_connection(('169.254.169.254', 80), 5)"
    assert "Network is unreachable" in refused(workshop, metadata)


def test_there_are_no_privileges_and_no_secrets(workshop: Workshop) -> None:
    run = "text = open('/proc/self/status').read()\n"
    run += "return {'status': text, 'uid': os.getuid(), 'env': sorted(os.environ), 'groups': os.getgroups()}"
    seen = _output(evidence(workshop, run))
    assert isinstance(seen, dict)
    status = dict(re.findall(r"(\w+):\t(.*)", str(seen["status"])))
    assert {int(status[key], 16) for key in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert seen["uid"] != 0
    assert not [name for name in seen["env"] if name.startswith(("MODELSERVER", "DOCKER"))]


def _output(outcome: Outcome) -> object:
    assert outcome.error == {}, outcome
    return outcome.test["Examples"][0]["Output"]  # type: ignore[index,call-overload]


ATTEMPTS = """
import ctypes, errno, socket
libc = ctypes.CDLL(None, use_errno=True)
def raised(work):
    try:
        return f"done: {work()!r}"[:80]
    except Exception as error:
        return type(error).__name__
def called(name, *words):
    return "done" if getattr(libc, name)(*words) == 0 else errno.errorcode[ctypes.get_errno()]
def written(path):
    with open(path, "w") as file:
        file.write("1")
tries = {
    "become root": raised(lambda: os.setuid(0)),
    "mount": called("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "mount apart": [called("unshare", 0x10020000), called("mount", b"a", b"/tmp", b"tmpfs", 0, None)][1],
    "change root": raised(lambda: os.chroot("/tmp")),
    "host name": raised(lambda: socket.sethostname("x")),
    "device": raised(lambda: os.mknod("/tmp/sda", 0o60666, os.makedev(8, 0))),
    "raw socket": raised(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    "kernel setting": raised(lambda: written("/proc/sys/kernel/core_pattern")),
    "magic key": raised(lambda: written("/proc/sysrq-trigger")),
    "control group": raised(lambda: written("/sys/fs/cgroup/pids.max")),
    "kernel memory": raised(lambda: open("/proc/kcore", "rb").read(1) or 1 / 0),
    "kernel log": raised(lambda: open("/dev/kmsg").read(1)),
    "engine": raised(lambda: socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock")),
    "clock": raised(lambda: time.clock_settime(time.CLOCK_REALTIME, 0)),
    "nicer to itself": raised(lambda: os.nice(-5)),
    "password file": raised(lambda: open("/etc/shadow").read()),
}
return [f"{name}: {came}" for name, came in tries.items() if came.startswith("done")]
"""


def test_what_tries_to_break_out_does_not(workshop: Workshop) -> None:
    """Privileges, namespaces, devices, the kernel, the engine: each attempt is refused."""
    assert _output(evidence(workshop, ATTEMPTS)) == []
