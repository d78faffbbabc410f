"""`hanza release`: make a key, pack what runs here, sign it, and look at what was signed.

Nothing here needs a plane or a network: do it where the key is safe.
"""

import hashlib
import os
import zipfile
from datetime import timedelta
from importlib.metadata import version as version_of_distribution
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hanza.boot.certificates import write_secret
from hanza.boot.packing import gather, pack
from hanza.cli.options import OutputOption
from hanza.cli.render import Output, show_one
from hanza.kit.clock import SystemClock
from hanza.kit.platform_tag import platform_tag
from hanza.model.errors import Conflict, Invalid
from hanza.model.release import Release
from hanza.plan.release import ARCHIVE_BYTES_MAX, version_of
from hanza.wire.credentials import agent_key_to_bytes, new_agent_key, public_key_of
from hanza.wire.release_v1 import (
    KEY_BYTES,
    MANIFEST,
    MANIFEST_BYTES_MAX,
    manifest_from_json,
    read_release,
    revocation_to_json,
    sign_release,
    sign_revocation,
    signed_from_json,
    signed_to_json,
)

DAYS, DAYS_BACK = 90, 7
app = typer.Typer(
    name="release",
    help="Releases of the agent: packed, and signed by a key of yours.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
KeyFile = Annotated[Path, typer.Option("--key", help="The signing key's file.", dir_okay=False)]
Archive = Annotated[Path, typer.Argument(help="What build wrote.", dir_okay=False)]


@app.command("keys")
def make_keys(
    file: Annotated[Path, typer.Argument(help="Where to keep the secret key; must not exist.")],
    output: OutputOption = Output.table,
) -> None:
    """Make a signing key.  Keep the file away from planes: who has it can update agents.

    Beside it is FILE.revocation, which ends the key for ever: keep that elsewhere.
    """
    revocation = file.with_name(f"{file.name}.revocation")
    for one in (file, revocation):
        if one.exists():
            raise Conflict(f"{one} is there already", hint="nothing was changed")
    key = new_agent_key(os.urandom(KEY_BYTES))
    write_secret(file, agent_key_to_bytes(key).hex().encode() + b"\n")
    write_secret(revocation, revocation_to_json(sign_revocation(key)))
    public = public_key_of(key).hex()
    record = {"key": public, "file": str(file), "revocation": str(revocation)}
    show_one(record, output, f"public key {public}")


@app.command("revocation")
def make_revocation(
    file: Annotated[Path, typer.Argument(help="Where to write it.", dir_okay=False)],
    key: KeyFile,
    output: OutputOption = Output.table,
) -> None:
    """Write what ends a key for ever, once a plane is told: hanza rollout key revoke FILE."""
    said = sign_revocation(_key_in(key))
    write_secret(file, revocation_to_json(said))
    record = {"key": said.key.hex(), "file": str(file)}
    show_one(record, output, f"{file}: ends {said.key.hex()}")


@app.command("build")
def build_release(
    folder: Annotated[Path, typer.Argument(help="Where to write the archive.", file_okay=False)],
    output: OutputOption = Output.table,
) -> None:
    """Pack the release that runs here, for agents of the same Python and platform."""
    version, tag = version_of_distribution("hanza"), platform_tag()
    packed = pack(gather(), version, tag)
    if len(packed) > ARCHIVE_BYTES_MAX:
        raise Invalid(f"it has {len(packed)} bytes, and may have {ARCHIVE_BYTES_MAX}")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"hanza-{version}-{tag}.zip"
    file.write_bytes(packed)
    digest = hashlib.sha256(packed).hexdigest()
    record = {"file": str(file), "version": version, "tag": tag, "sha256": digest}
    show_one({**record, "bytes": len(packed)}, output, f"{file} ({len(packed) // 2**20} MiB)")


@app.command("sign")
def sign_archive(
    archive: Archive,
    key: KeyFile,
    days: Annotated[
        int | None,
        typer.Option(help=f"Good for so long; {DAYS}, or {DAYS_BACK} for going back.", min=1),
    ] = None,
    back_from: Annotated[
        str, typer.Option(help="Let agents of this version go back to the archive's.")
    ] = "",
    output: OutputOption = Output.table,
) -> None:
    """Sign an archive: writes ARCHIVE.signed beside it.  Agents take nothing newer than signed."""
    content = _content_of(archive)
    manifest = manifest_from_json(_manifest_in(archive))
    if back_from:
        version_of(back_from, "back-from")
    now = SystemClock().now()
    expires = now + timedelta(days=days or (DAYS_BACK if back_from else DAYS))
    digest = hashlib.sha256(content).hexdigest()
    said = Release(manifest.version, manifest.tag, digest, len(content), now, expires, back_from)
    signed = sign_release(said, _key_in(key))
    file = archive.with_name(f"{archive.name}.signed")
    file.write_bytes(signed_to_json(signed))
    record = {"file": str(file), "version": said.version, "tag": said.tag, "sha256": digest}
    sentence = f"{file}: {said.version}, good until {expires:%Y-%m-%d}"
    words = {"key": signed.key.hex(), "expiresAt": expires.isoformat()}
    show_one({**record, **words}, output, sentence)


@app.command("show")
def show_signed(
    file: Annotated[Path, typer.Argument(help="What sign wrote.", dir_okay=False)],
    output: OutputOption = Output.table,
) -> None:
    """Say what was signed, and by which key; a signature that does not fit is refused."""
    signed = signed_from_json(_content_of(file))
    said = read_release(signed)
    record = {
        "version": said.version,
        "tag": said.tag,
        "sha256": said.digest,
        "bytes": said.size,
        "key": signed.key.hex(),
        "signedAt": said.signed_at.isoformat(),
        "expiresAt": said.expires_at.isoformat(),
        "backFrom": said.back_from,
    }
    show_one(record, output, "\n".join(f"{name:<10} {word}" for name, word in record.items()))


def _manifest_in(archive: Path) -> bytes:
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(MANIFEST) as file:
            return file.read(MANIFEST_BYTES_MAX)
    except (KeyError, zipfile.BadZipFile) as error:
        raise Invalid(f"{archive} is no release's archive", field="archive") from error


def _content_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from error


def _key_in(file: Path) -> Ed25519PrivateKey:
    """Raises `Invalid`, also for a file that others may read."""
    content = _content_of(file)
    if file.stat().st_mode & 0o077:
        raise Invalid(f"{file} may be read by others", field="key", hint=f"chmod 600 {file}")
    try:
        seed = bytes.fromhex(content.decode("ascii"))
    except ValueError:
        seed = b""
    if len(seed) != KEY_BYTES:
        raise Invalid(f"{file} is no key of ours", field="key", hint="hanza release keys FILE")
    return new_agent_key(seed)
