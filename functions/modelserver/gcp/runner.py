"""Port Runner on Cloud Run: a service for each package that is asked, made at need, at rest without an instance."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from modelserver.errors import Misconfigured, NoAnswer, Problem, TooLarge, Unavailable
from modelserver.exchange import Wire, exchange
from modelserver.gcp.cloudrun import CloudRun
from modelserver.gcp.idtokens import IDTokens
from modelserver.gcp.servicespec import service_name, service_of
from modelserver.package import Package
from modelserver.ports import Call, Reply
from modelserver.settings import Settings

_CONNECT = 10.0
_GRACE = 60.0  # seconds beyond the time of a run: for an instance to start, the set-up, the way


class CloudRunRunner:
    """Remembers the addresses of services alone. tokens: for who calls them."""

    name = "cloud run"

    def __init__(self, run: CloudRun, settings: Settings, tokens: IDTokens) -> None:
        self._run = run
        self._settings = settings
        self._tokens = tokens
        self._addresses: dict[str, str] = {}

    def infer(self, package: Package, call: Call) -> Reply:
        known = self._addresses.get(package.build)
        address, made = (known, False) if known else self._service(package)
        self._addresses[package.build] = address
        reply = self._asked(address, call)
        if problem := _refusal(reply):
            reply.close()
            if reply.status == HTTPStatus.NOT_FOUND:
                self._addresses.pop(package.build, None)
            raise problem
        return replace(reply, started=made)

    def remove(self, package: Package) -> None:
        self._addresses.pop(package.build, None)
        if self._settings.run_service_account:  # without one nothing was ever made
            self._run.remove(service_name(package))

    def _service(self, package: Package) -> tuple[str, bool]:
        """Its address, and whether it was made for this call."""
        name = service_name(package)
        made = self._run.find(name) is None and self._run.create(name, service_of(package, self._settings))
        try:
            return str(self._run.ready(name).uri), made
        except NoAnswer:
            self._run.remove(name)
            raise

    def _asked(self, address: str, call: Call) -> Reply:
        place = urlsplit(address)
        token = self._tokens.of(address)
        try:
            wire = _wire(place.hostname or "", place.port, place.scheme == "https")
        except OSError as error:
            raise NoAnswer(f"Cloud Run cannot be reached: {error}.") from None
        seconds = self._settings.run_timeout + _GRACE
        return exchange(wire, place.netloc, call, seconds, lambda reusable: wire.close(), token)


def _refusal(reply: Reply) -> Problem | None:
    """What Google says in the model's place, if it does: a model's own refusals are problem documents."""
    if reply.status < HTTPStatus.BAD_REQUEST or reply.headers.get("content-type") == "application/problem+json":
        return None
    if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Misconfigured("Cloud Run refuses this server: its service account lacks the right run.routes.invoke.")
    if reply.status == HTTPStatus.NOT_FOUND:
        return NoAnswer("Its service on Cloud Run is gone. Ask again: it is then made anew.")
    if reply.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return Unavailable("Cloud Run has no instance for it now. Try again.", headers={"Retry-After": "5"})
    if reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge("Cloud Run takes requests of up to 32 MB.")
    return NoAnswer(f"Cloud Run answered with the status {reply.status}.")


def _wire(host: str, port: int | None, secret: bool) -> Wire:
    """http:// is for the tests' stand-in."""
    plain = socket.create_connection((host, port or (443 if secret else 80)), _CONNECT)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not secret:
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def cloudrun(settings: Settings) -> CloudRunRunner:
    """The runner as the settings say. Raises Misconfigured."""
    run = CloudRun(settings.need("project"), settings.need("location"), settings.run_endpoint)
    return CloudRunRunner(run, settings, IDTokens())
