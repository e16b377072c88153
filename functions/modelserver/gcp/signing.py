"""Who signs the URLs of downloads: the key of the credentials, or IAM where they have none."""

from __future__ import annotations

import threading
from functools import partial

import google.auth
from google.auth import credentials, iam
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from modelserver.errors import Misconfigured

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOKENS = "https://oauth2.googleapis.com/token"


class Signing:
    """The credentials that the environment provides, looked up at the first signature.

    A function's own come from the metadata server and hold no key (github.com/googleapis/python-storage, issue 795),
    and their e-mail is known only after a refresh. For them IAM signs, one call of signBlob for each URL; the account
    needs the right iam.serviceAccounts.signBlob on itself. patience: seconds for which its answer is awaited.
    """

    def __init__(self, patience: float) -> None:
        self._lock = threading.Lock()
        self._request = partial(Request(), timeout=patience)
        self._signer: credentials.Signing | None = None

    def signer(self) -> credentials.Signing:
        """Raises Misconfigured when these credentials are nobody's who can sign; what google-auth raises passes."""
        with self._lock:
            if self._signer is None:
                found, _ = google.auth.default(scopes=[_SCOPE])
                self._signer = found if isinstance(found, credentials.Signing) else self._keyless(found)
            return self._signer

    def _keyless(self, found: credentials.Credentials) -> credentials.Signing:
        if not hasattr(found, "service_account_email"):
            raise Misconfigured(
                "Links to downloads are signed by a service account; the credentials found are not one's."
            )
        found.refresh(self._request)
        email = found.service_account_email
        by_iam = iam.Signer(self._request, found, email)
        return service_account.Credentials(signer=by_iam, service_account_email=email, token_uri=_TOKENS)
