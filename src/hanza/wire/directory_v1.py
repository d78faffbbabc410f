"""The directory: where the planes of a federation are, signed by its root.

Agents pinned the root when they joined, so a directory needs no trust in whoever brings it.  The
newer number wins; an older one, or one that another root signed, is as good as none.
"""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from hanza.model.errors import Invalid, Unauthenticated

Key: TypeAlias = EllipticCurvePrivateKey | Ed25519PrivateKey
_CONTEXT = b"hanza directory v1\0"
URLS_MAX = 16
URL_CHARACTERS_MAX = 256
SIGNATURE_BYTES_MAX = 256


@dataclass(frozen=True, slots=True)
class Directory:
    """The planes' addresses, the first to be tried first; the signature is over all of it."""

    number: int
    urls: tuple[str, ...]
    signature: bytes = b""


class DirectoryDoc(msgspec.Struct, rename="camel"):
    number: int
    """Zero where none was ever signed."""
    urls: list[str]


class DirectoryPut(msgspec.Struct, forbid_unknown_fields=True):
    urls: list[str]


def signed(federation: str, number: int, urls: tuple[str, ...], key: Key) -> Directory:
    message = _message(federation, number, urls)
    if isinstance(key, Ed25519PrivateKey):
        signature = key.sign(message)
    else:
        signature = key.sign(message, ECDSA(SHA256()))
    return Directory(number, urls, signature)


def check_directory(directory: Directory, federation: str, root_pem: bytes) -> None:
    """Raises `Unauthenticated` unless the root of this federation signed it."""
    message = _message(federation, directory.number, directory.urls)
    public = x509.load_pem_x509_certificate(root_pem).public_key()
    try:
        if isinstance(public, Ed25519PublicKey):
            public.verify(directory.signature, message)
        elif isinstance(public, EllipticCurvePublicKey):
            public.verify(directory.signature, message, ECDSA(SHA256()))
        else:
            raise Unauthenticated("the root's key signs no directories")
    except InvalidSignature as error:
        raise Unauthenticated(
            "the directory is not one that the federation's root signed"
        ) from error


def check_urls(urls: list[str]) -> tuple[str, ...]:
    """Raises `Invalid` for what no agent could dial."""
    if not 1 <= len(urls) <= URLS_MAX or len(set(urls)) < len(urls):
        raise Invalid(f"a directory has 1 to {URLS_MAX} addresses, each once", field="urls")
    for nth, url in enumerate(urls):
        if not url.startswith("https://") or len(url) > URL_CHARACTERS_MAX or not url.isprintable():
            raise Invalid(f"{url!r} is not https://HOST[:PORT]", field=f"urls[{nth}]")
    return tuple(urls)


def _message(federation: str, number: int, urls: tuple[str, ...]) -> bytes:
    said = msgspec.msgpack.encode([federation, number, list(urls)])
    return _CONTEXT + hashlib.sha256(said).digest()
