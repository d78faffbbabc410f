"""What one may choose when a plane is started, in one place and with reasons."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from hanza.kit.buckets import FAILURES, REQUESTS, Rate
from hanza.kit.log import FORMS, Form
from hanza.model.errors import Invalid
from hanza.model.retention import Retention


@dataclass(frozen=True, slots=True)
class Address:
    """Where a plane listens."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.host).is_loopback

    def url(self, scheme: str) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


WebListen = Annotated[
    str | None,
    typer.Option(
        "--web",
        help="IP-ADDRESS:PORT on loopback; the page by plain HTTP, for browsers of this machine.",
    ),
]
MetricsListen = Annotated[
    str | None,
    typer.Option(
        help="IP-ADDRESS:PORT on loopback; serve metrics there, without a token.",
        envvar="HANZA_METRICS_LISTEN",
    ),
]


KeepEvents = Annotated[
    str | None,
    typer.Option(
        "--keep-events", help="EVENTS or EVENTS:DAYS that are kept.", envvar="HANZA_KEEP_EVENTS"
    ),
]
EVENTS_LEAST = 1000


def parse_keep(text: str | None) -> Retention:
    """`1000000` or `1000000:400`.  Raises `Invalid`."""
    usual = Retention()
    if text is None:
        return usual
    events, separator, days = text.partition(":")
    is_good = all(part.isascii() and part.isdigit() for part in (events, days or "1"))
    if not is_good or bool(separator) != bool(days) or int(events) < EVENTS_LEAST or days == "0":
        hint = f"such as 1000000:400, and {EVENTS_LEAST} events at least"
        raise Invalid(f"{text!r} is not EVENTS or EVENTS:DAYS", field="keep-events", hint=hint)
    return Retention(int(events), int(days) if days else usual.days)


def log_form(environ: Mapping[str, str]) -> Form:
    """How to log, from `HANZA_LOG`.  Raises `Invalid` for a form that there is not."""
    word = environ.get("HANZA_LOG") or "text"
    for form in FORMS:
        if word == form:
            return form
    raise Invalid(f"HANZA_LOG is one of {', '.join(FORMS)}, and not {word!r}", field="HANZA_LOG")


def parse_address(text: str) -> Address:
    """`127.0.0.1:8443` or `[::1]:8443`.  Raises `Invalid`."""
    host, _, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError as error:
        raise Invalid(f"{text!r} is not IP-ADDRESS:PORT", field="listen") from error
    if address.is_unspecified:
        raise Invalid(
            f"{text!r} is no address that an agent could dial",
            field="listen",
            hint="name each address to listen on; join tokens and the certificate carry them",
        )
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise Invalid(f"{text!r} has no port from 1 to 65535", field="listen")
    return Address(str(address), int(port))


def refuse_open_numbers(address: Address) -> None:
    """Raises `Invalid` for where a stranger could read numbers without a token."""
    if not address.is_loopback:
        raise Invalid(
            "numbers are served without a token on loopback addresses only",
            field="metrics-listen",
            hint="read /metrics of the plane with the token in its state folder's metrics.token",
        )


@dataclass(frozen=True, slots=True)
class PlaneSettings:
    """Settings of `hanza up`."""

    state: Path
    """The folder of keys, certificates and, by default, the database.  Back it up."""

    listen: tuple[Address, ...]
    """Where to listen; the first that is not loopback is what agents are told first."""

    database: str
    """SQLAlchemy URL.  SQLite in the state folder by default; `postgresql+psycopg://` for more
    than one plane."""

    insecure_http: bool
    """Plain HTTP, on loopback only: for looking at the traffic while developing."""

    metrics_listen: Address | None = None
    """Where to serve the numbers by plain HTTP to whoever asks; on loopback only, and nowhere by
    default.  With a token they are at `/metrics` of every address that the plane listens on."""

    token_valid_for: timedelta = timedelta(hours=24)
    """How long a join token may wait for its site."""

    web: Address | None = None
    """Where browsers of this machine find the page by plain HTTP too, on loopback only: they
    do not know the federation's root.  Elsewhere it is served beside the API by HTTPS."""
    blob_bytes_max: int = 32 * 2**30
    """The largest file that an image may consist of.  Images are kept in the state folder."""
    issuer: str = ""
    """The URL under which others find the public keys of tokens, which is what their `iss` says;
    by default the first that the plane listens on.  The same for all planes of one store."""
    requests_rate: Rate = REQUESTS
    """How often one user may ask: requests a second, and at once.  The operator's is free of
    it.  A rate of 0 is none."""
    failures_rate: Rate = FAILURES
    """How often one address may come without a good token: tries a second, and at once."""

    keep: Retention = field(default_factory=Retention)
    """How many events are kept, and how long."""

    def __post_init__(self) -> None:
        if self.web is not None and not self.web.is_loopback:
            raise Invalid("plain HTTP is for loopback addresses only", field="web")
        if not self.listen:
            raise Invalid("say where to listen", field="listen")
        if self.insecure_http and not all(one.is_loopback for one in self.listen):
            raise Invalid("plain HTTP is for loopback addresses only", field="insecure-http")
        if self.metrics_listen is not None:
            refuse_open_numbers(self.metrics_listen)

    @property
    def plain(self) -> tuple[Address, ...]:
        """Where plain HTTP is served beside HTTPS."""
        return () if self.web is None else (self.web,)

    @property
    def urls(self) -> tuple[str, ...]:
        """Where agents find the plane; loopback only when there is nothing else."""
        outside = [one for one in self.listen if not one.is_loopback]
        return tuple(one.url(self._scheme) for one in outside or self.listen)

    @property
    def issuer_url(self) -> str:
        """What our own tokens say made them."""
        return (self.issuer or self.urls[0]).rstrip("/")

    @property
    def local_url(self) -> str:
        """Where the plane's own machine finds it."""
        inside = [one for one in self.listen if one.is_loopback]
        return (*inside, *self.listen)[0].url(self._scheme)

    @property
    def web_url(self) -> str:
        """Where a browser of this machine opens the page."""
        return self.local_url if self.web is None else self.web.url("http")

    @property
    def _scheme(self) -> str:
        return "http" if self.insecure_http else "https"
