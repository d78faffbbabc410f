"""The cloud that is looked at: where its providers are, what it offers, and how to ask it."""

import base64
import ipaddress
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from hanza_conformance.exchange import Document, Exchange, Failed, Unanswered

REGION, AUTHORIZATION = "seca.region", "seca.authorization"
REQUEST_S = 30.0
POLL_FIRST_S, POLL_MOST_S = 0.02, 1.0
TIER = "Tier=D2XS"


@dataclass(frozen=True, slots=True)
class Target:
    """What the command line says of the cloud."""

    region_url: str
    authorization_url: str
    token: str = field(repr=False)
    tenant: str
    region: str
    users: tuple[str, ...]
    cidr: ipaddress.IPv4Network
    public_ips: ipaddress.IPv4Network
    patience_s: float = 50.0
    """As long as the standard's clients wait for a state."""
    ca: str | None = None


class Cloud:
    """Thread-safe.  Its catalogue is read once, when first asked for."""

    def __init__(self, target: Target, transport: httpx2.BaseTransport | None = None) -> None:
        self.target = target
        verify: ssl.SSLContext | bool = True
        if target.ca is not None:
            verify = ssl.create_default_context(cafile=target.ca)
        self._http = httpx2.Client(
            verify=verify, timeout=REQUEST_S, trust_env=False, transport=transport
        )
        self._lock = threading.RLock()
        self._known: dict[str, Any] = {}
        self._pause = threading.Event()

    def close(self) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        url: str,
        body: Document | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Raises `Unanswered` when there is no HTTP answer at all."""
        sent = {"authorization": f"Bearer {self.target.token}", "accept": "application/json"}
        sent |= headers or {}
        try:
            answer = self._http.request(
                method,
                url,
                headers={name: value for name, value in sent.items() if value},
                json=body,
                params=dict(params) if params else None,
            )
        except httpx2.TransportError as error:
            raise Unanswered(method, url, str(error)) from error
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Exchange(method, str(answer.url), body, answer.status_code, found, answer.text)

    def until(self, look: Callable[[], Exchange], is_so: Callable[[Exchange], bool]) -> Exchange:
        """Look until it is so, as long as clients do; the last look, whether it was or not."""
        deadline = time.monotonic() + self.target.patience_s
        pause = POLL_FIRST_S
        found = look()
        while not is_so(found) and time.monotonic() < deadline:
            self._pause.wait(pause)
            pause = min(pause * 1.5, POLL_MOST_S)
            found = look()
        return found

    def region(self) -> Document:
        url = f"{self.target.region_url}/v1/regions/{self.target.region}"
        found = self._once("region", lambda: self._good(self.ask("GET", url)))
        return dict(found)

    @property
    def zones(self) -> list[str]:
        return list(self.region()["spec"]["availableZones"])

    def url_of(self, provider: str) -> str:
        """Its base, without a version; regional ones are found in the region's document."""
        if provider == REGION:
            return self.target.region_url
        if provider == AUTHORIZATION:
            return self.target.authorization_url
        for one in self.region()["spec"]["providers"]:
            if one["name"] == provider and one["version"] == "v1":
                return str(one["url"]).rstrip("/")
        raise Failed(f"{provider} v1 among the region's providers", "none")

    def tenant_url(self, provider: str) -> str:
        return f"{self.url_of(provider)}/v1/tenants/{self.target.tenant}"

    def skus(self, provider: str, labels: str | None = None) -> list[str]:
        """Full references of what it offers."""

        def read() -> list[str]:
            url = f"{self.tenant_url(provider)}/skus"
            found = self.ask("GET", url, params={"labels": labels} if labels else None)
            names = [one["metadata"]["name"] for one in self._good(found)["items"]]
            if not names:
                raise Failed("at least one SKU", "none", found)
            urn = f"{provider}/v1/tenants/{self.target.tenant}/skus"
            return [f"{urn}/{name}" for name in names]

        return list(self._once(f"{provider} {labels}", read))

    @property
    def users(self) -> tuple[str, ...]:
        """Subjects that exist: as told, else whom the token is for."""
        if self.target.users:
            return self.target.users
        try:
            body = self.target.token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
            return (str(claims["sub"]),)
        except (IndexError, ValueError, KeyError, TypeError) as error:
            raise Failed("--users, since the token does not say whose it is", "none") from error

    def subnet_cidr(self, number: int) -> str:
        """The number-th /24 or so of the range."""
        return str(list(self.target.cidr.subnets(8))[number])

    def public_address(self, number: int) -> str:
        return str(self.target.public_ips[number])

    def _once(self, key: str, read: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._known:
                self._known[key] = read()
            return self._known[key]

    def _good(self, exchange: Exchange) -> Document:
        if exchange.status != 200:
            raise Failed("200", str(exchange.status), exchange)
        return exchange.document()


def new_name(what: str) -> str:
    """Random, so that runs never meet."""
    return f"{what}-{secrets.token_hex(4)}"
