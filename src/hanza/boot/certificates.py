"""The federation's root and the plane's server certificate, made once and kept in a folder.

Keys are ECDSA on P-256, the kind that every browser takes; none takes Ed25519, which was used until
0.1.  The root is self-signed and its SHA-256 is what join tokens pin, so a root of old stays as it
is: only the server's key and certificate are made anew, as they are whenever they are a year old,
the addresses changed or the two do not belong together.  Keys are written 0600 before anything is
signed with them.  It is not a public certificate authority.
"""

import hashlib
import ipaddress
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hanza.model.errors import Bug

Key: TypeAlias = EllipticCurvePrivateKey | Ed25519PrivateKey
ROOT_VALID_FOR = timedelta(days=3650)
SERVER_VALID_FOR = timedelta(days=5 * 365)
RENEW_BEFORE = timedelta(days=4 * 365)
"""So a plane that starts at least once in four years never serves an expired one."""
CLOCKS_MAY_DIFFER_BY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Paths for the server's TLS, and the root that clients have to trust."""

    root_pem: bytes
    pin: bytes
    server_chain: Path
    server_key: Path


def ensure_certificates(folder: Path, addresses: Sequence[str], now: datetime) -> Certificates:
    """Make what is missing.  `addresses` are the names and IP addresses clients will dial."""
    root_key = _ensure_key(folder / "root.key")
    root = _ensure(folder / "root.pem", lambda: _make_root(root_key, now))
    server_key = _ensure_server_key(folder / "server.key")
    chain = folder / "server.pem"
    if not _is_good(chain, server_key, addresses, now):
        server = _make_server(root, root_key, server_key, addresses, now)
        _write(chain, _pem(server) + _pem(root), 0o644)
    pin = hashlib.sha256(root.public_bytes(Encoding.DER)).digest()
    return Certificates(_pem(root), pin, chain, folder / "server.key")


def root_key(folder: Path) -> Key | None:
    """The root's own key; None where the folder has it not."""
    path = folder / "root.key"
    return _ensure_key(path) if path.exists() else None


def write_secret(path: Path, content: bytes) -> None:
    """A file that only its owner may read, there in full or not at all."""
    _write(path, content, 0o600)


def _ensure_server_key(path: Path) -> EllipticCurvePrivateKey:
    """As `_ensure_key`; one that no browser takes is made anew, for nobody pins it."""
    key = _ensure_key(path)
    return key if isinstance(key, EllipticCurvePrivateKey) else _make_key(path)


def _ensure_key(path: Path) -> Key:
    if not path.exists():
        return _make_key(path)
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise Bug(f"{path} is neither an ECDSA nor an Ed25519 key")
    return key


def _make_key(path: Path) -> EllipticCurvePrivateKey:
    key = generate_private_key(SECP256R1())
    write_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def _ensure(path: Path, make: Callable[[], x509.Certificate]) -> x509.Certificate:
    if not path.exists():
        _write(path, _pem(make()), 0o644)
    return x509.load_pem_x509_certificate(path.read_bytes())


def _make_root(key: Key, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hanza federation root")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder(name, name, key, now, ROOT_VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return _signed(builder, key)


def _make_server(
    root: x509.Certificate,
    root_key: Key,
    key: Key,
    addresses: Sequence[str],
    now: datetime,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hanza plane")])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    builder = (
        _builder(name, root.subject, key, now, SERVER_VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(_names(addresses)), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
    )
    return _signed(builder, root_key)


def _signed(builder: x509.CertificateBuilder, key: Key) -> x509.Certificate:
    return builder.sign(key, None if isinstance(key, Ed25519PrivateKey) else SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: Key,
    now: datetime,
    valid_for: timedelta,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_MAY_DIFFER_BY)
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _names(addresses: Sequence[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for address in sorted(set(addresses)):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(address)))
        except ValueError:
            names.append(x509.DNSName(address))
    return names


def _is_good(
    chain: Path, key: EllipticCurvePrivateKey, addresses: Sequence[str], now: datetime
) -> bool:
    if not chain.exists():
        return False
    server = x509.load_pem_x509_certificates(chain.read_bytes())[0]
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    is_fresh = server.not_valid_after_utc - now > RENEW_BEFORE
    is_of_key = server.public_key() == key.public_key()
    return is_of_key and is_fresh and set(names) == set(_names(addresses))


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _write(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
