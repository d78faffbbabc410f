"""How a stranger becomes an agent: one token, three requests, one folder.

    GET  /agent/v1/root         the federation's root certificate, believed if the token pins it
    GET  /agent/v1/federation   which federation it is, over TLS that trusts that root only
    POST /agent/v1/join         the token's secret and our new key, likewise

Promises: nothing is said to a plane that the token does not pin; the engine has been tried before
the token is spent; the key is on the disk before it is registered and the identity is written
last, so that joining can be cut anywhere and run again.  It does not choose the driver, and it
opens no link.
"""

import hashlib
import hmac
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from hanza.agent.address import Address, address_of
from hanza.agent.doctor import PlaneSeen, mtu_of
from hanza.agent.journal import Identity, Journal
from hanza.agent.link import trust_only
from hanza.agent.update_rules import keep_rules
from hanza.agent.wires import Proxy, ProxyOf, http_over, no_proxy
from hanza.kit.clock import Clock, SystemClock
from hanza.kit.text import harmless
from hanza.model.errors import Conflict, Forbidden, HanzaError, Invalid, Unavailable
from hanza.model.ids import AgentId, FederationId, SiteId
from hanza.model.release import Consent, UpdateRules
from hanza.wire.agent_v1 import FederationAnswer, JoinAnswer, JoinRequest
from hanza.wire.credentials import (
    JoinToken,
    digest_of_secret,
    join_token_from_text,
    public_key_of,
    sign_join,
)

ROOT_PATH, JOIN_PATH = "/agent/v1/root", "/agent/v1/join"
FEDERATION_PATH = "/agent/v1/federation"
TIMEOUT_S = 15.0
ANSWER_BYTES_MAX = 65536
SHOWN_MAX = 300
"""Letters of a stranger's words that are shown."""
Outcome: TypeAlias = Literal["joined", "joined_already"]
TryEngine: TypeAlias = Callable[[PlaneSeen], None]
"""Raises when the engine cannot be worked for this federation, or the machine for anybody."""


@dataclass(frozen=True, slots=True)
class JoinOrder:
    """What the provider decides when an agent joins."""

    token: str = field(repr=False)
    driver: str
    options: Mapping[str, str] = field(repr=False)
    may_be_plain: bool = False
    proxy: ProxyOf = no_proxy
    consent: Consent = "asked"
    """To updates of the agent."""
    release_keys: tuple[bytes, ...] | None = None
    """Whose signatures of updates count; what the plane says by default."""


class _Problem(msgspec.Struct):
    """As much of RFC 7807 as is shown."""

    title: str = ""
    detail: str = ""
    code: str = ""


def join(
    order: JoinOrder,
    journal: Journal,
    entropy: Callable[[int], bytes],
    try_engine: TryEngine,
) -> tuple[Identity, Outcome]:
    """Raises a `Refusal` in words, `Unavailable` when no plane answers, and what `try_engine` does.

    Whatever is raised before the plane has taken the token leaves it good.
    """
    token = join_token_from_text(order.token)
    digest = digest_of_secret(token.secret)
    if journal.identity is not None:
        return _already(journal.identity, digest, journal.folder), "joined_already"
    addresses = [address_of(url, may_be_plain=order.may_be_plain) for url in token.urls]
    if any(address.is_secure for address in addresses) and not token.pin:
        raise Invalid("the token pins no root certificate, so TLS would prove nothing")
    key = journal.key(entropy)
    request = JoinRequest(
        token.secret, public_key_of(key), sign_join(key, token.secret), order.driver
    )
    lines = [_Line(address, order.proxy(address)) for address in addresses]
    answer, root, told = _first_answer(lines, token, request, journal.folder, try_engine)
    identity = Identity(
        agent=AgentId(answer.agent),
        federation=FederationId(answer.federation),
        site=SiteId(answer.site),
        urls=token.urls,
        pin=token.pin,
        driver=order.driver,
        options=dict(order.options),
        may_be_plain=order.may_be_plain,
        token_digest=digest,
    )
    keys = told if order.release_keys is None else order.release_keys
    keep_rules(journal, UpdateRules(order.consent, keys=frozenset(keys)))
    journal.keep_identity(identity, root)
    return identity, "joined"


def _already(identity: Identity, digest: bytes, folder: Path) -> Identity:
    if not hmac.compare_digest(identity.token_digest, digest):
        raise Conflict(
            f"{folder} belongs to the agent {identity.agent}, which joined with another token",
            hint="use another folder for another agent",
        )
    return identity


def _first_answer(
    lines: "list[_Line]",
    token: JoinToken,
    request: JoinRequest,
    folder: Path,
    try_engine: TryEngine,
) -> tuple[JoinAnswer, bytes | None, tuple[bytes, ...]]:
    """Ask each plane in turn; a refusal by one is final, silence is not.

    The answer, the root, and the keys of releases: each from one that the token pins.
    """
    silent: list[str] = []
    for line in lines:
        address = line.address
        try:
            root = _fetch_root(line, token.pin) if address.is_secure else None
            context = None if root is None else trust_only(root.decode())
            seen = look_at_plane(address, context, SystemClock(), line.proxy)
            try_engine(seen)
            return _send_join(line, context, request, folder), root, seen.release_keys
        except (OSError, HTTPException) as error:
            words = shown(str(error)) or type(error).__name__
            silent.append(f"{address.host}:{address.port}: {words}")
    raise Unavailable(f"no plane answered ({'; '.join(silent)})")


@dataclass(frozen=True, slots=True)
class _Line:
    """One plane, and the proxy by which it is reached."""

    address: Address
    proxy: Proxy | None


def _fetch_root(line: _Line, pin: bytes) -> bytes:
    """The root certificate in PEM.  Nothing is trusted here but the pin."""
    address = line.address
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    unverified.minimum_version = ssl.TLSVersion.TLSv1_3
    status, body = _exchange(line, unverified, ROOT_PATH, None)
    if status != 200:
        raise _refusal_of(status, body)
    try:
        certificate = ssl.PEM_cert_to_DER_cert(body.decode("ascii").strip() + "\n")
    except ValueError as error:
        raise Invalid(f"{address.host} sent something that is no certificate") from error
    if not hmac.compare_digest(hashlib.sha256(certificate).digest(), pin):
        raise Forbidden(
            f"{address.host} is not of the federation that gave the token: its root certificate"
            " is another one",
            hint="ask the federation's operator for a new token; nothing was sent",
        )
    # Our own rendering, so that the file holds this one certificate and nothing beside it.
    return ssl.DER_cert_to_PEM_cert(certificate).encode()


def look_at_plane(
    address: Address, context: ssl.SSLContext | None, clock: Clock, proxy: Proxy | None = None
) -> PlaneSeen:
    """Which federation the plane is of, and what asking it has shown.  Raises as `join` does."""
    with closing(http_over(address, context, proxy, TIMEOUT_S)) as connection:
        wire = connection.sock
        local, mtu = wire.getsockname()[:2], mtu_of(wire)
        before, began = clock.now(), time.perf_counter()
        status, body = _asked(connection, address, FEDERATION_PATH, None)
        took_s = time.perf_counter() - began
    if status != 200:
        raise _refusal_of(status, body)
    try:
        told = msgspec.json.decode(body, type=FederationAnswer)
    except msgspec.DecodeError as error:
        raise Invalid(f"{address.host} does not say which federation it is of") from error
    ours = before + timedelta(seconds=took_s / 2)
    return PlaneSeen(
        FederationId(told.federation),
        f"{address.host}:{address.port}",
        took_s * 1000,
        local,
        (shown(told.seen_host), told.seen_port) if told.seen_host else None,
        None if told.now_us is None else timedelta(seconds=ours.timestamp() - told.now_us / 1e6),
        mtu,
        tuple(told.release_keys),
    )


def _send_join(
    line: _Line, context: ssl.SSLContext | None, request: JoinRequest, folder: Path
) -> JoinAnswer:
    status, body = _exchange(line, context, JOIN_PATH, msgspec.json.encode(request))
    if not 200 <= status < 300:
        raise _refusal_of(status, body)
    try:
        return msgspec.json.decode(body, type=JoinAnswer)
    except msgspec.DecodeError as error:
        raise Invalid(
            "the plane's answer does not decode", hint=f"run it again with {folder}"
        ) from error


def _exchange(
    line: _Line, context: ssl.SSLContext | None, path: str, body: bytes | None
) -> tuple[int, bytes]:
    with closing(http_over(line.address, context, line.proxy, TIMEOUT_S)) as connection:
        return _asked(connection, line.address, path, body)


def _asked(
    connection: HTTPConnection, address: Address, path: str, body: bytes | None
) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    method = "GET" if body is None else "POST"
    connection.request(method, address.path + path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read(ANSWER_BYTES_MAX)


def _refusal_of(status: int, body: bytes) -> HanzaError:
    """What was said, by whoever it was; a plane that is merely ill may be asked again."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem()
    words = shown(problem.detail) or shown(problem.title) or f"it answered {status}"
    code = shown(problem.code)
    text = f"the plane refused: {words}" + (f" ({code})" if code else "")
    return Unavailable(text) if status >= 500 else Forbidden(text)


def shown(words: str) -> str:
    """A stranger's words on one line of ours, without what could pass for more than words."""
    clean = " ".join(harmless(words).split())
    return clean if len(clean) <= SHOWN_MAX else clean[:SHOWN_MAX] + "…"
