"""One build carried out: its steps in order, then its images pushed, and how it ended."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from google.cloud.devtools.cloudbuild_v1 import Build, BuiltImage, TimeSpan

from tests.cloud.cloudbuild_standin.builders import gcloud_environment
from tests.cloud.cloudbuild_standin.buildlog import BuildLog
from tests.cloud.cloudbuild_standin.machine import Machine, Stopped

_Status = Build.Status
_Failure = Build.FailureInfo.FailureType
_HOUR = 3600.0


class Execution:
    """build: expanded; its fields change as it goes on. storage: URL of the emulator, where the log goes.

    Steps run one after another, which every waitFor allows. Outputs of steps come back on success alone: that
    they do otherwise is promised nowhere.
    """

    def __init__(self, build: Build, storage: str, changed: Callable[[Build], None]) -> None:
        self._build: Any = build  # its declared types are not those that proto-plus takes and gives
        self._changed = changed
        self._log = BuildLog(storage, build.logs_bucket, build.id)
        self._machine = Machine(build.id, gcloud_environment(storage, build.project_id), self._log.add)
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        self._cancelled.set()
        self._machine.stop()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def run(self) -> None:
        """Returns when the build has a terminal status, and its log is whole."""
        if self.is_cancelled:
            self._log.close()
            self._turn(_Status.CANCELLED)
            return
        self._turn(_Status.WORKING)
        self._build.start_time = datetime.now(timezone.utc)
        self._log.add(f'starting build "{self._build.id}"\n')
        try:
            with self._machine:
                try:
                    status = self._work()
                finally:
                    self._machine.forget(self._build.images)
        except Exception as error:
            self._log.add(f"INTERNAL ERROR: {error!r}")
            status = _Status.INTERNAL_ERROR
        self._log.add(self._said(status))
        self._log.close()
        self._build.finish_time = datetime.now(timezone.utc)
        self._turn(status)

    def _said(self, status: int) -> str:
        name = Build.Status(status).name
        return "DONE" if status == _Status.SUCCESS else f"ERROR: {self._build.status_detail or name}"

    def _turn(self, status: int) -> None:
        self._build.status = status
        self._changed(self._build)

    def _work(self) -> int:
        timeout = self._build.timeout.total_seconds() if self._build.timeout else _HOUR
        deadline = time.monotonic() + timeout
        try:
            if not all(self._step(number, step, deadline) for number, step in enumerate(self._build.steps)):
                return _Status.FAILURE
        except Stopped as stopped:
            return stopped.status
        return self._push()

    def _step(self, number: int, step: Any, deadline: float) -> bool:
        self._log.add(f'Starting Step #{number} - "{step.id}"')
        step.status = _Status.WORKING
        step.timing.start_time = datetime.now(timezone.utc)
        limit = min(deadline, time.monotonic() + step.timeout.total_seconds()) if step.timeout else deadline
        try:
            code = self._machine.run(number, step, limit)
        except Stopped as stopped:
            step.status = stopped.status
            raise
        except LookupError as error:
            self._log.add(str(error))
            code = 125
        finally:
            step.timing.end_time = datetime.now(timezone.utc)
        self._log.add(f'Finished Step #{number} - "{step.id}"')
        return self._passed(number, step, code)

    def _passed(self, number: int, step: Any, code: int) -> bool:
        step.exit_code = code
        step.status = _Status.FAILURE if code else _Status.SUCCESS
        if code and not step.allow_failure and code not in step.allow_exit_codes:
            detail = f'build step {number} "{step.name}" failed: step exited with non-zero status: {code}'
            self._fail(_Failure.USER_BUILD_STEP, detail)
            return False
        return True

    def _push(self) -> int:
        began = datetime.now(timezone.utc)
        try:
            return self._pushed()
        finally:
            self._build.timing["PUSH"] = TimeSpan(start_time=began, end_time=datetime.now(timezone.utc))

    def _pushed(self) -> int:
        self._log.add("PUSH")
        for image in self._build.images:
            try:
                digest = self._machine.push(image)
            except subprocess.CalledProcessError as error:
                self._log.add(error.stderr)
                self._fail(_Failure.PUSH_FAILED, f"failed to push {image}")
                return _Status.FAILURE
            self._log.add(f"{image}: digest: {digest}")
            self._build.results.images.append(BuiltImage(name=image, digest=digest))
        outputs = [self._machine.output(number) for number in range(len(self._build.steps))]
        self._build.results.build_step_outputs[:] = outputs
        return _Status.SUCCESS

    def _fail(self, kind: int, detail: str) -> None:
        self._build.failure_info = Build.FailureInfo(type_=kind, detail=detail)
        self._build.status_detail = detail
