"""Who signs the URLs of downloads: the key of the credentials, or IAM where they have none."""

from __future__ import annotations

import threading
from typing import TypedDict

import google.auth
from google.auth import credentials
from google.auth.transport.requests import Request

from modelserver.errors import Misconfigured

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Arguments(TypedDict, total=False):
    """What Blob.generate_signed_url needs to know. With an e-mail and a token it asks IAM's signBlob."""

    credentials: credentials.Credentials
    service_account_email: str
    access_token: str


class Signing:
    """The credentials that the environment provides, looked up at the first signature.

    A function's own come from the metadata server and hold no key (github.com/googleapis/python-storage, issue 795),
    and their e-mail is known only after a refresh. Its account needs the right iam.serviceAccounts.signBlob on itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: credentials.Credentials | None = None

    def arguments(self) -> Arguments:
        """Raises Misconfigured when these credentials are nobody's who can sign; what google-auth raises passes."""
        with self._lock:
            found = self._found()
            if isinstance(found, credentials.Signing):
                return {"credentials": found}
            if not found.valid:
                found.refresh(Request())
            email = getattr(found, "service_account_email", None)
        if not email:
            raise Misconfigured("Links to downloads are signed by a service account, and the credentials are no such.")
        return {"credentials": found, "service_account_email": email, "access_token": str(found.token)}

    def _found(self) -> credentials.Credentials:
        if self._credentials is None:
            self._credentials, _ = google.auth.default(scopes=[_SCOPE])
        return self._credentials
