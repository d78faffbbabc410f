"""What proves who an agent is, and who the federation is.

- A *join token* carries the plane's addresses, the SHA-256 of the federation's root certificate
  (the pin) and a secret that works once.  The plane keeps only the secret's hash.
- An *agent key* is Ed25519 (RFC 8032), made at the site; it never leaves it.  The agent signs the
  plane's challenge together with the pin, so an answer is of no use to anyone in between.
- A *fetch proof* is the agent's signature over one request for a blob, the second it was made and
  the pin.  It is good for `FETCH_WINDOW` either way; replayed within it, it gives the same public
  bytes to whoever could already read them.
- The *root* is a self-signed certificate that signs the planes' server certificates.

Nothing here stores, fetches or decides who may join.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hanza.model.errors import Invalid, Unauthenticated

TOKEN_PREFIX = "hanza-join-1."
SECRET_BYTES = 32
PIN_BYTES = 32
TOKEN_CHARACTERS_MAX = 4096
CHALLENGE_BYTES = 32
_CONTEXT_LINK = b"hanza agent link v1\0"
FETCH_SCHEME = "Hanza-Agent"
FETCH_WINDOW = timedelta(minutes=5)
_CONTEXT_FETCH = b"hanza agent fetch v1\0"
_CONTEXT_JOIN = b"hanza agent join v1\0"


class _Token(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    urls: list[str]
    pin: bytes
    secret: bytes


@dataclass(frozen=True, slots=True)
class JoinToken:
    """Where to join, whom to trust there, and the right to do it once."""

    urls: tuple[str, ...]
    pin: bytes
    """SHA-256 of the root certificate (DER); empty only for plain HTTP on loopback."""
    secret: bytes

    def __repr__(self) -> str:
        return f"JoinToken(urls={self.urls!r}, secret=...)"


def join_token_to_text(token: JoinToken) -> str:
    packed = msgspec.msgpack.encode(_Token(list(token.urls), token.pin, token.secret))
    return TOKEN_PREFIX + urlsafe_b64encode(packed).decode().rstrip("=")


def join_token_from_text(text: str) -> JoinToken:
    """Raises `Invalid` for anything that is not a token of this kind."""
    body = text.strip().removeprefix(TOKEN_PREFIX)
    if body == text.strip() or len(body) > TOKEN_CHARACTERS_MAX:
        raise Invalid(f"a join token starts with {TOKEN_PREFIX!r}", field="token")
    try:
        packed = urlsafe_b64decode(body + "=" * (-len(body) % 4))
        token = msgspec.msgpack.decode(packed, type=_Token)
    except ValueError as error:
        raise Invalid("the join token is damaged; copy it again", field="token") from error
    if len(token.secret) != SECRET_BYTES or len(token.pin) not in {0, PIN_BYTES} or not token.urls:
        raise Invalid("the join token is damaged; copy it again", field="token")
    return JoinToken(tuple(token.urls), token.pin, token.secret)


def digest_of_secret(secret: bytes) -> bytes:
    """What the plane keeps of a join secret: 256 bits of entropy need no slow hash."""
    return hashlib.sha256(b"hanza join secret\0" + secret).digest()


def new_agent_key(seed: bytes) -> Ed25519PrivateKey:
    """A key from 32 secret bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed)


def agent_key_to_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def public_key_of(key: Ed25519PrivateKey) -> bytes:
    """32 bytes."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign_join(key: Ed25519PrivateKey, secret: bytes) -> bytes:
    """Proof that whoever uses the token has the key that it registers."""
    return key.sign(_CONTEXT_JOIN + digest_of_secret(secret) + public_key_of(key))


def check_join(public_key: bytes, secret: bytes, signature: bytes) -> None:
    """Raises `Unauthenticated` unless the signature is by that key over that secret."""
    _check(public_key, signature, _CONTEXT_JOIN + digest_of_secret(secret) + public_key)


def sign_link(key: Ed25519PrivateKey, challenge: bytes, pin: bytes, claims: bytes) -> bytes:
    """`claims` is the encoded remainder of the hello, so that none of it can be swapped."""
    return key.sign(_CONTEXT_LINK + challenge + hashlib.sha256(pin).digest() + claims)


def check_link(
    public_key: bytes, challenge: bytes, pin: bytes, claims: bytes, signature: bytes
) -> None:
    """Raises `Unauthenticated` unless the agent that has this key answered this challenge."""
    expected = _CONTEXT_LINK + challenge + hashlib.sha256(pin).digest() + claims
    _check(public_key, signature, expected)


@dataclass(frozen=True, slots=True)
class FetchProof:
    """Who asks for a blob, when, and what proves it."""

    agent: str
    at_s: int
    signature: bytes = field(repr=False)


def sign_fetch(key: Ed25519PrivateKey, agent: str, path: str, now: datetime, pin: bytes) -> str:
    """The `Authorization` of a GET of the path, without what a proxy may put before it."""
    at_s = int(now.timestamp())
    signature = key.sign(_fetch_message(path, at_s, pin))
    return f"{FETCH_SCHEME} {agent} {at_s} {urlsafe_b64encode(signature).decode()}"


def fetch_proof_from_header(header: str | None) -> FetchProof:
    """Raises `Unauthenticated` for anything that is not such a proof."""
    words = (header or "").split(" ")
    try:
        scheme, agent, at_s, signature = words
        if scheme != FETCH_SCHEME or not (at_s.isascii() and at_s.isdigit() and len(at_s) < 12):
            raise ValueError("another scheme")
        return FetchProof(agent, int(at_s), urlsafe_b64decode(signature))
    except ValueError as error:
        raise Unauthenticated("an agent proves itself by a signature") from error


def check_fetch(public_key: bytes, proof: FetchProof, path: str, now: datetime, pin: bytes) -> None:
    """Raises `Unauthenticated` unless that agent asked for this path just now."""
    _check(public_key, proof.signature, _fetch_message(path, proof.at_s, pin))
    if abs(int(now.timestamp()) - proof.at_s) > FETCH_WINDOW.total_seconds():
        raise Unauthenticated(
            "the request is too old, or a clock is wrong", hint="set the site's clock"
        )


def _fetch_message(path: str, at_s: int, pin: bytes) -> bytes:
    return _CONTEXT_FETCH + hashlib.sha256(pin).digest() + f"GET {path} {at_s}".encode()


def _check(public_key: bytes, signature: bytes, message: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise Unauthenticated("the signature does not fit the key") from error
