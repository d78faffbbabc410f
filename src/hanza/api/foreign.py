"""Knows whoever bears a token of an OpenID Connect issuer that the operator trusts.

Promises: an issuer is asked for its keys when a token needs them, and no more often than every
`ASKED_AGAIN_AFTER_S`, whatever tokens come; one that is slow or silent holds up nobody of another
issuer, and its own no longer than `WAITED_S`; nobody but the issuers that the operator named is
asked, no redirect is followed, and without TLS only this machine is.  Keys that were fetched are
used for `KEYS_FOR_S` and, while the issuer does not answer, for `KEYS_AT_MOST_S`.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx2
from joserfc.jwk import KeySet

from hanza.api.identity import Principal
from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.model.errors import Invalid, IssuerUnavailable
from hanza.model.issuer import TrustedIssuer
from hanza.wire import openid
from hanza.wire.discovery import DISCOVERY, discovery_from_json

log = Log("hanza.identity")
ASKED_AGAIN_AFTER_S = 30.0
KEYS_FOR_S = 600.0
KEYS_AT_MOST_S = 86400.0
ANSWER_WITHIN_S = 5.0
"""Each step of an answer, and all of a document once it begins."""
WAITED_S = 2.0
"""How long whoever needs keys waits for another who is asking."""
DOCUMENT_BYTES_MAX = 2**18


@dataclass(slots=True)
class _Fetched:
    keys: KeySet | None
    """None while it never answered."""
    fetched_at: float
    asked_at: float


class ForeignTokens:
    """Verifies the tokens of all of them.  Any number of threads may call it."""

    def __init__(
        self,
        issuers: Callable[[], Sequence[TrustedIssuer]],
        clock: Clock,
        seconds: Callable[[], float] = time.monotonic,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._issuers = issuers
        self._clock = clock
        self._seconds = seconds
        self._answer_within_s = answer_within_s
        self._fetched: dict[str, _Fetched] = {}
        self._asking: dict[str, threading.Lock] = {}

    def principal_of(self, token: str) -> Principal | None:
        said = openid.issuer_said(token)
        issuer = next((one for one in self._issuers() if one.url == said), None)
        if issuer is None:
            return None
        now = self._clock.now()
        try:
            found = openid.read_token(token, issuer, self._keys_of(issuer), now)
        except openid.UnknownKey:
            found = openid.read_token(token, issuer, self._keys_of(issuer, is_anew=True), now)
        tenants = frozenset(found.tenants)
        return Principal(
            found.subject,
            tenants,
            is_vouched_for=True,
            scope=found.scope,
            expires_at=found.expires_at,
        )

    def _keys_of(self, issuer: TrustedIssuer, *, is_anew: bool = False) -> KeySet:
        """Its keys, asked for where that is due, by one thread at a time.

        The others wait only for keys that they have no other of.
        """
        lock = self._asking.setdefault(issuer.url, threading.Lock())
        if lock.acquire(timeout=WAITED_S if self._must_wait(issuer, is_anew=is_anew) else 0):
            try:
                self._ask_if_due(issuer, is_anew=is_anew)
            finally:
                lock.release()
        known = self._fetched.get(issuer.url)
        if known is None or known.keys is None or self._age_of(known) > KEYS_AT_MOST_S:
            text = f"issuer {issuer.name} does not say its keys now"
            raise IssuerUnavailable(text, hint="ask again in a while")
        return known.keys

    def _must_wait(self, issuer: TrustedIssuer, *, is_anew: bool) -> bool:
        return is_anew or issuer.url not in self._fetched

    def _ask_if_due(self, issuer: TrustedIssuer, *, is_anew: bool) -> None:
        now, known = self._seconds(), self._fetched.get(issuer.url)
        is_due = known is None or is_anew or self._age_of(known) > KEYS_FOR_S
        if is_due and (known is None or now - known.asked_at >= ASKED_AGAIN_AFTER_S):
            self._fetched[issuer.url] = self._asked(issuer, known, now)

    def _age_of(self, known: _Fetched) -> float:
        return self._seconds() - known.fetched_at

    def _asked(self, issuer: TrustedIssuer, known: _Fetched | None, now: float) -> _Fetched:
        try:
            return _Fetched(fetch_keys(issuer, self._answer_within_s), now, now)
        except (Invalid, httpx2.HTTPError) as error:
            log.warning("issuer.silent", issuer=issuer.name, why=type(error).__name__)
            keys, at = (None, now) if known is None else (known.keys, known.fetched_at)
            return _Fetched(keys, at, now)


def fetch_keys(issuer: TrustedIssuer, within_s: float = ANSWER_WITHIN_S) -> KeySet:
    """Raises `Invalid` for what cannot be used, `httpx2.HTTPError` for what does not come."""
    with httpx2.Client(timeout=within_s, trust_env=False) as http:
        address = issuer.url.rstrip("/") + DISCOVERY
        found = discovery_from_json(_document(http, address, within_s), issuer.url)
        return openid.keys_from_document(_document(http, found.jwks_uri, within_s))


def _document(http: httpx2.Client, url: str, within_s: float) -> bytes:
    body, ends_at = b"", time.monotonic() + within_s
    with http.stream("GET", url, headers={"accept": "application/json"}) as answer:
        if answer.status_code != httpx2.codes.OK:
            raise Invalid(f"the issuer answered {answer.status_code}", field="issuer")
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > DOCUMENT_BYTES_MAX:
                raise Invalid("the issuer says too much", field="issuer")
            if time.monotonic() > ends_at:
                raise Invalid("the issuer speaks too slowly", field="issuer")
    return body
