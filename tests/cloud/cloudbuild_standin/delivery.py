"""Messages of the topic cloud-builds, pushed to an event function as Eventarc pushes them.

Message format: "Subscribe to build notifications" of Cloud Build's documentation and PubsubMessage of Pub/Sub's API.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.request import Request, urlopen

from google.cloud.devtools.cloudbuild_v1 import Build
from google.protobuf import json_format

from modelserver.jsontypes import Object

_TOPIC = "projects/{project}/topics/cloud-builds"
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


def message(build: Build) -> Object:
    """What Pub/Sub hands to a subscriber of the topic, as a CloudEvent's data."""
    text = json.dumps(json_format.MessageToDict(Build.pb(build)))
    return {
        "message": {
            "data": base64.b64encode(text.encode()).decode(),
            "attributes": {"buildId": build.id, "status": Build.Status(build.status).name},
            "messageId": str(uuid.uuid4().int % 10**16),
            "publishTime": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
        },
        "subscription": f"projects/{build.project_id}/subscriptions/eventarc-builds",
    }


@dataclass(frozen=True)
class Trouble:
    """What may go wrong on the way. lost: which statuses never arrive. copies: how often each one is sent.

    delay: seconds before each is sent. reversed: each message waits until all later ones of its build have been sent.
    """

    lost: Callable[[str], bool] = lambda status: False
    copies: int = 1
    delay: float = 0.0
    reversed: bool = False


class Delivery:
    """Sends each change of a build to `url`, again after a failure, in threads of its own."""

    def __init__(self, url: str, trouble: Trouble = Trouble()) -> None:
        self._url = url
        self._trouble = trouble
        self._threads: list[threading.Thread] = []
        self._held: dict[str, list[Object]] = {}

    def publish(self, build: Build, terminal: bool) -> None:
        status = Build.Status(build.status).name
        if self._trouble.lost(status):
            return
        waiting = self._held.setdefault(build.id, [])
        waiting.append(message(build))
        if self._trouble.reversed and not terminal:
            return
        thread = threading.Thread(target=self._send, args=(list(reversed(waiting)), build.project_id), daemon=True)
        waiting.clear()
        self._threads.append(thread)
        thread.start()

    def drain(self, seconds: float = 60.0) -> None:
        """Returns when everything published has been taken, or given up."""
        for thread in self._threads:
            thread.join(seconds)

    def _send(self, messages: list[Object], project: str) -> None:
        time.sleep(self._trouble.delay)
        for data in messages:
            for _ in range(self._trouble.copies):
                self.post(data, project)

    def post(self, data: Object, project: str) -> None:
        """One message, again until it is taken."""
        request = Request(self._url, json.dumps(data).encode(), _headers(project))
        for pause in _PAUSES:
            try:
                urlopen(request, timeout=60).close()
                return
            except OSError:  # URLError is one; so is a connection that breaks before the answer
                time.sleep(pause)


def _headers(project: str) -> dict[str, str]:
    """A CloudEvent in binary mode (CloudEvents 1.0, HTTP protocol binding, 3.1)."""
    return {
        "Content-Type": "application/json",
        "ce-id": uuid.uuid4().hex,
        "ce-source": f"//pubsub.googleapis.com/{_TOPIC.format(project=project)}",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-time": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
    }
