"""What browsers take, and that a federation founded with what they do not take lives on."""

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from hanza.boot.certificates import Certificates, ensure_certificates
from hanza.model.errors import Bug
from kit.certificates import found_of_old, pem_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADDRESSES = ("localhost", "127.0.0.1")
DAY = timedelta(days=1)


def server_of(made: Certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificates(made.server_chain.read_bytes())[0]


def assert_fits(made: Certificates) -> None:
    """The server's key is one that browsers take, is the certificate's, and the root signed it."""
    key = load_pem_private_key(made.server_key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert server_of(made).public_key() == key.public_key()
    server_of(made).verify_directly_issued_by(x509.load_pem_x509_certificate(made.root_pem))
    assert made.server_key.stat().st_mode & 0o777 == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.server_chain, made.server_key)


def test_what_is_made_is_what_browsers_take_and_is_made_once(tmp_path: Path) -> None:
    made = ensure_certificates(tmp_path, ADDRESSES, NOW)
    assert_fits(made)
    root = x509.load_pem_x509_certificate(made.root_pem)
    assert isinstance(root.public_key(), ec.EllipticCurvePublicKey)
    assert made.pin == hashlib.sha256(root.public_bytes(Encoding.DER)).digest()
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert ensure_certificates(tmp_path, ADDRESSES, NOW + DAY) == made
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_a_folder_of_old_keeps_its_root_and_gets_a_server_key_anew(tmp_path: Path) -> None:
    pin = found_of_old(tmp_path, NOW)
    root = (tmp_path / "root.pem").read_bytes()
    made = ensure_certificates(tmp_path, ADDRESSES, NOW)
    assert made.pin == pin
    assert made.root_pem == root
    assert_fits(made)
    assert ensure_certificates(tmp_path, ADDRESSES, NOW) == made


@pytest.mark.parametrize("written", ["server.key", "server.pem"])
def test_a_crash_between_key_and_certificate_is_mended(tmp_path: Path, written: str) -> None:
    """Whichever of the two was kept from another time, both fit after the next start."""
    other = tmp_path / "other"
    other.mkdir()
    ensure_certificates(other, ADDRESSES, NOW)
    made = ensure_certificates(tmp_path, ADDRESSES, NOW)
    (tmp_path / written).write_bytes((other / written).read_bytes())
    again = ensure_certificates(tmp_path, ADDRESSES, NOW)
    assert again.pin == made.pin
    assert_fits(again)


def test_addresses_and_age_make_the_servers_anew(tmp_path: Path) -> None:
    first = server_of(ensure_certificates(tmp_path, ADDRESSES, NOW))
    moved = server_of(ensure_certificates(tmp_path, (*ADDRESSES, "::1"), NOW))
    assert moved.serial_number != first.serial_number
    aged = server_of(ensure_certificates(tmp_path, (*ADDRESSES, "::1"), NOW + 400 * DAY))
    assert aged.serial_number != moved.serial_number


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root.key").write_bytes(pem_of(rsa.generate_private_key(65537, 2048)))
    with pytest.raises(Bug, match="neither an ECDSA nor an Ed25519 key"):
        ensure_certificates(tmp_path, ADDRESSES, NOW)
