"""A plane's keys and certificates as they were made until 0.1: Ed25519, which no browser takes."""

import hashlib
import ipaddress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def pem_of(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def found_of_old(folder: Path, now: datetime) -> bytes:
    """The four files of a state folder; returns the root's pin."""
    root_key, key = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root of old")])

    def a_certificate(public: ed25519.Ed25519PublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder(name, name, public, x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + 3650 * DAY)
        )

    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    ca = x509.BasicConstraints(ca=True, path_length=0)
    root = a_certificate(root_key.public_key()).add_extension(ca, True).sign(root_key, None)
    server = (
        a_certificate(key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), False)
        .sign(root_key, None)
    )
    (folder / "root.key").write_bytes(pem_of(root_key))
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "server.key").write_bytes(pem_of(key))
    (folder / "server.pem").write_bytes(server.public_bytes(Encoding.PEM))
    return hashlib.sha256(root.public_bytes(Encoding.DER)).digest()
