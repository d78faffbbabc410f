"""A release as it travels: what an operator's key signs, and the manifest inside of the archive.

The key is Ed25519 (RFC 8032), the operator's own, made and used away from any plane: `hanza
release`.  The signature is over the SHA-256 of the statement, under a context of its own, and the
statement names the archive by its SHA-256; so whoever has the signed statement needs to trust
nobody who carries the archive.  A key is revoked by itself alone, under another context: nobody
who has not got it can take it away, and who has stolen it can do no more with that than lose it.
"""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.release import Release, Revocation, Signed
from hanza.plan.image import is_digest
from hanza.plan.release import BadArchive, BadSignature, check_files, version_of
from hanza.wire.credentials import public_key_of

KEY_BYTES, SIGNATURE_BYTES = 32, 64
STATEMENT_BYTES_MAX = 1024
MANIFEST = "release.json"
"""The archive's first file; it names all the others."""
MANIFEST_BYTES_MAX = 8 * 2**20
NAME = "hanza"
_CONTEXT = b"hanza release v1\0"
_REVOKED = b"hanza release key revoked v1\0"
Text = Annotated[str, Meta(max_length=128)]


class _Statement(Struct, array_like=True, forbid_unknown_fields=True):
    form: int
    name: Text
    version: Text
    tag: Text
    digest: Text
    size: Annotated[int, Meta(ge=1, le=2**40)]
    signed_at_s: Annotated[int, Meta(ge=0, le=2**40)]
    expires_at_s: Annotated[int, Meta(ge=0, le=2**34)]
    back_from: Text


class SignedDoc(Struct, forbid_unknown_fields=True):
    """The file beside an archive, as JSON; bytes as base64."""

    statement: Annotated[bytes, Meta(max_length=STATEMENT_BYTES_MAX)]
    key: Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class RevocationDoc(Struct, forbid_unknown_fields=True):
    """The file that ends a key, as JSON; bytes as base64."""

    key: Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class FileW(Struct, array_like=True, forbid_unknown_fields=True):
    path: str
    size: int
    sha256: str


class ManifestDoc(Struct, forbid_unknown_fields=True):
    """What is in an archive: every file of it but this one."""

    form: int
    name: str
    version: str
    tag: str
    files: list[FileW]


def sign_release(release: Release, key: Ed25519PrivateKey) -> Signed:
    said = _Statement(
        1,
        NAME,
        release.version,
        release.tag,
        release.digest,
        release.size,
        int(release.signed_at.timestamp()),
        int(release.expires_at.timestamp()),
        release.back_from,
    )
    statement = msgspec.msgpack.encode(said)
    return Signed(statement, public_key_of(key), key.sign(_message(statement)))


def read_release(signed: Signed) -> Release:
    """What was signed.  Raises `BadSignature`; whether the key counts is whoever asks to say."""
    try:
        Ed25519PublicKey.from_public_bytes(signed.key).verify(
            signed.signature, _message(signed.statement)
        )
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("the signature does not fit the release") from error
    return _release_of(signed.statement)


def _release_of(statement: bytes) -> Release:
    try:
        said = msgspec.msgpack.decode(statement, type=_Statement)
        signed_at, expires_at = _moment(said.signed_at_s), _moment(said.expires_at_s)
    except (msgspec.DecodeError, OverflowError, ValueError) as error:
        raise BadSignature("what was signed is no statement of ours") from error
    if (said.form, said.name) != (1, NAME) or not is_digest(said.digest):
        raise BadSignature("what was signed is no release of the agent's, or of a later kind")
    version_of(said.version)
    back = said.back_from
    return Release(said.version, said.tag, said.digest, said.size, signed_at, expires_at, back)


def signed_to_json(signed: Signed) -> bytes:
    doc = SignedDoc(signed.statement, signed.key, signed.signature)
    return msgspec.json.format(msgspec.json.encode(doc)) + b"\n"


def signed_from_json(content: bytes) -> Signed:
    """Raises `Invalid`."""
    try:
        doc = msgspec.json.decode(content, type=SignedDoc)
    except msgspec.DecodeError as error:
        raise Invalid(f"that is no signed release: {error}") from error
    return Signed(doc.statement, doc.key, doc.signature)


def sign_revocation(key: Ed25519PrivateKey) -> Revocation:
    public = public_key_of(key)
    return Revocation(public, key.sign(_REVOKED + public))


def check_revocation(said: Revocation) -> None:
    """Raises `BadSignature` for one that the key itself has not signed."""
    try:
        Ed25519PublicKey.from_public_bytes(said.key).verify(said.signature, _REVOKED + said.key)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("the key that would be revoked has not signed this") from error


def revocation_to_json(said: Revocation) -> bytes:
    doc = RevocationDoc(said.key, said.signature)
    return msgspec.json.format(msgspec.json.encode(doc)) + b"\n"


def revocation_from_json(content: bytes) -> Revocation:
    """Raises `Invalid`."""
    try:
        doc = msgspec.json.decode(content, type=RevocationDoc)
    except msgspec.DecodeError as error:
        raise Invalid(f"that is no revocation of a key: {error}") from error
    return Revocation(doc.key, doc.signature)


def manifest_from_json(content: bytes) -> ManifestDoc:
    """Raises `BadArchive`, also for paths that could lead out of the folder."""
    try:
        manifest = msgspec.json.decode(content, type=ManifestDoc)
    except msgspec.DecodeError as error:
        raise BadArchive(f"the manifest does not decode: {error}") from error
    paths = {one.path: one.size for one in manifest.files}
    if (manifest.form, manifest.name) != (1, NAME) or len(paths) != len(manifest.files):
        raise BadArchive("the manifest is of another kind, or names a file twice")
    check_files(paths)
    if MANIFEST in paths:
        raise BadArchive("the manifest names itself")
    return manifest


def key_from_text(text: str, field: str = "key") -> bytes:
    """A public key, as 64 hexadecimal digits.  Raises `Invalid`."""
    try:
        key = bytes.fromhex(text)
        Ed25519PublicKey.from_public_bytes(key)
    except ValueError as error:
        raise Invalid("a release key is 64 hexadecimal digits", field=field) from error
    return key


def _moment(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


def _message(statement: bytes) -> bytes:
    return _CONTEXT + hashlib.sha256(statement).digest()
