"""A login at an OpenID Connect issuer from a terminal: the device flow of RFC 8628.

The person's password is typed at the issuer, on whatever device, and never comes here.  What comes
is a token for the plane, and where the issuer gives one, a refresh token that gets the next.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import msgspec

from hanza.model.errors import Refusal, Unauthenticated
from hanza.wire.discovery import DISCOVERY, Discovery, check_url, discovery_from_json

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TIMEOUT_S = 10.0
INTERVAL_S = 5.0
SLOWER_BY_S = 5.0
LIFE_MAX_S = 3600.0


class LoginFailed(Refusal):
    """The issuer gave no token, or the person did not say yes in time."""

    code = "login.failed"


class Device(msgspec.Struct):
    """What the issuer answers to who wants to log in."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None = None
    expires_in: float = 600.0
    interval: float = INTERVAL_S


class Tokens(msgspec.Struct):
    """What the issuer gives once the person said yes."""

    access_token: str = ""
    id_token: str = ""
    refresh_token: str = ""
    expires_in: float | None = None

    @property
    def bearer(self) -> str:
        """What a plane can verify: the access token if it is a signed one, else the ID token."""
        return self.access_token if self.access_token.count(".") == 2 else self.id_token


class _Error(msgspec.Struct):
    error: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """Where somebody logs in, as which client, for what."""

    issuer: str
    client: str
    scope: str = "openid offline_access"
    resource: str | None = None
    """The audience that is asked for (RFC 8707), where the issuer wants to be told."""
    wait: Callable[[float], None] = field(default=time.sleep, repr=False)
    seconds: Callable[[], float] = field(default=time.monotonic, repr=False)

    def begin(self, http: httpx2.Client) -> tuple[Discovery, Device]:
        """Raises `Refusal` for an issuer that has no device flow, or does not answer."""
        found = self._discover(http)
        if not found.device_authorization_endpoint:
            raise LoginFailed("the issuer has no login for terminals (RFC 8628)")
        asked = {"client_id": self.client, "scope": self.scope, **self._resource()}
        answer = _post(http, found.device_authorization_endpoint, asked)
        return found, _read(answer, Device)

    def finish(self, http: httpx2.Client, found: Discovery, device: Device) -> Tokens:
        """Ask until the person has said yes or no, as slowly as the issuer wants."""
        interval = max(device.interval, 1.0)
        ends_at = self.seconds() + min(device.expires_in, LIFE_MAX_S)
        asked = {"grant_type": GRANT, "device_code": device.device_code, "client_id": self.client}
        while self.seconds() < ends_at:
            self.wait(interval)
            answer = _post(http, found.token_endpoint, {**asked, **self._resource()})
            if answer.is_success:
                return _with_bearer(_read(answer, Tokens))
            error = _error_of(answer)
            if error == "slow_down":
                interval += SLOWER_BY_S
            elif error != "authorization_pending":
                raise LoginFailed(f"the issuer gave no token: {error}")
        raise LoginFailed("nobody said yes in time", hint="hanza login")

    def refresh(self, http: httpx2.Client, token: str) -> Tokens:
        """The next token.  Raises `Unauthenticated` when the issuer wants to see the person."""
        found = self._discover(http)
        asked = {"grant_type": "refresh_token", "refresh_token": token, "client_id": self.client}
        answer = _post(http, found.token_endpoint, {**asked, **self._resource()})
        if not answer.is_success:
            raise Unauthenticated("the login is over", hint="hanza login")
        tokens = _with_bearer(_read(answer, Tokens))
        tokens.refresh_token = tokens.refresh_token or token
        return tokens

    def _discover(self, http: httpx2.Client) -> Discovery:
        url = check_url(self.issuer, "issuer")
        answer = _asked(lambda: http.get(url.rstrip("/") + DISCOVERY))
        if not answer.is_success:
            raise LoginFailed(f"there is no issuer at {url}")
        return discovery_from_json(answer.content, url)

    def _resource(self) -> dict[str, str]:
        return {} if self.resource is None else {"resource": self.resource}


def open_http() -> httpx2.Client:
    return httpx2.Client(timeout=TIMEOUT_S, trust_env=False)


def _with_bearer(tokens: Tokens) -> Tokens:
    if not tokens.bearer:
        text = "the issuer gave no token that a plane can verify"
        raise LoginFailed(text, hint="ask its operator for signed access tokens, or for openid")
    return tokens


def _post(http: httpx2.Client, url: str, form: dict[str, str]) -> httpx2.Response:
    return _asked(lambda: http.post(url, data=form, headers={"accept": "application/json"}))


def _asked(ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    try:
        return ask()
    except httpx2.TransportError as error:
        raise LoginFailed("the issuer does not answer", hint="is its URL right?") from error


def _read(answer: httpx2.Response, kind: type[Any]) -> Any:
    if not answer.is_success:
        raise LoginFailed(f"the issuer refuses: {_error_of(answer)}")
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.MsgspecError as error:
        raise LoginFailed("the issuer's answer cannot be read") from error


def _error_of(answer: httpx2.Response) -> str:
    try:
        word = msgspec.json.decode(answer.content, type=_Error).error
    except msgspec.MsgspecError:
        word = ""
    is_word = word.isascii() and word.replace("_", "").isalnum() and len(word) <= 64
    return word if is_word else f"status {answer.status_code}"
