"""What is a release and what only looks like one: signatures, archives, and the commands."""

import contextlib
import hashlib
import json
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hanza.agent.unpack import unpack
from hanza.boot.packing import gather
from hanza.boot.release import app
from hanza.model.errors import Invalid, Refusal
from hanza.model.release import Signed
from hanza.plan.release import UNPACKED_BYTES_MAX, BadArchive, BadSignature
from hanza.wire.release_v1 import (
    MANIFEST,
    check_revocation,
    key_from_text,
    read_release,
    revocation_from_json,
    revocation_to_json,
    sign_release,
    sign_revocation,
    signed_from_json,
    signed_to_json,
)
from kit.archives import (
    FILES,
    KEY,
    OTHER_KEY,
    a_crooked_archive,
    a_release,
    an_archive,
    inside,
    signed,
)

ONE = {"hanza/a.py": b"a = 1\n"}


def laid(tmp_path: Path, archive: bytes) -> dict[str, bytes]:
    file = tmp_path / "archive"
    file.write_bytes(archive)
    unpack(file, tmp_path / "slot")
    return inside(tmp_path / "slot")


# -- signatures -----------------------------------------------------------------------------------


def test_what_was_signed_is_what_is_read() -> None:
    release = a_release(b"x", "1.2.3", back_from="1.3.0")
    assert read_release(sign_release(release, KEY)) == release
    assert read_release(signed_from_json(signed_to_json(sign_release(release, KEY)))) == release


def test_one_bit_of_it_is_enough() -> None:
    good = signed(b"x")
    for at in range(len(good.statement) * 8):
        forged = bytearray(good.statement)
        forged[at // 8] ^= 1 << at % 8
        with pytest.raises(BadSignature):
            read_release(replace(good, statement=bytes(forged)))
    other = sign_release(a_release(b"x"), OTHER_KEY)
    for crossed in (replace(good, signature=other.signature), replace(good, key=other.key)):
        with pytest.raises(BadSignature):
            read_release(crossed)


@pytest.mark.parametrize("statement", [b"", b"\xc1", b"\x90", b"\x93\x01\xa1x\x00", bytes(99)])
def test_what_is_no_statement_is_refused_also_when_signed(statement: bytes) -> None:
    context = b"hanza release v1\0" + hashlib.sha256(statement).digest()
    with pytest.raises(BadSignature):
        read_release(Signed(statement, signed(b"x").key, KEY.sign(context)))


def test_a_name_of_no_version_or_digest_is_refused_also_when_signed() -> None:
    for wrong in ({"version": "0.2"}, {"digest": "../../etc"}):
        with pytest.raises(Refusal):
            read_release(signed(b"x", **wrong))
    with pytest.raises(Invalid):
        key_from_text("12")


def test_a_key_is_revoked_by_itself_alone() -> None:
    said = sign_revocation(KEY)
    check_revocation(said)
    assert revocation_from_json(revocation_to_json(said)) == said
    for wrong in (
        replace(said, signature=sign_revocation(OTHER_KEY).signature),
        replace(said, key=sign_revocation(OTHER_KEY).key),
        replace(said, key=b"short"),
    ):
        with pytest.raises(BadSignature):
            check_revocation(wrong)
    with pytest.raises(Invalid):
        revocation_from_json(signed_to_json(signed(b"x")))


# -- archives -------------------------------------------------------------------------------------


def test_the_same_files_make_the_same_bytes_and_come_out_again(tmp_path: Path) -> None:
    turned = dict(reversed(FILES.items()))
    assert an_archive() == an_archive(files=turned)
    found = laid(tmp_path, an_archive())
    assert json.loads(found.pop(MANIFEST))["version"] == "0.2.0"
    assert found == FILES


@pytest.mark.parametrize(
    ("why", "archive"),
    [
        ("traversal", a_crooked_archive({"../out": b"x"})),
        ("absolute", a_crooked_archive({"/tmp/out": b"x"})),
        ("symlink", a_crooked_archive({"hanza/a.py": b"/etc/passwd"}, link="hanza/a.py")),
        ("more than told", a_crooked_archive({**ONE, "hanza/b.py": b""}, ONE)),
        ("less than told", a_crooked_archive(ONE, {**ONE, "hanza/b.py": b""})),
        ("another byte", a_crooked_archive(ONE, {"hanza/a.py": b"a = 2\n"})),
        ("longer than told", a_crooked_archive({"hanza/a.py": bytes(10**6)}, ONE)),
        ("below a file", a_crooked_archive({"a": b"x", "a/b": b"y"})),
        ("not deflated", a_crooked_archive(ONE, packed=zipfile.ZIP_LZMA)),
        ("no archive", b"no archive at all"),
        ("cut", an_archive()[:-30]),
    ],
)
def test_what_no_release_has_is_refused_and_nothing_is_left(
    tmp_path: Path, why: str, archive: bytes
) -> None:
    with pytest.raises(BadArchive):
        laid(tmp_path, archive)
    assert [path.name for path in tmp_path.iterdir()] == ["archive"], why


def test_a_byte_that_has_changed_anywhere_is_found_out(tmp_path: Path) -> None:
    """Also in the table of contents, which no hash covers."""
    whole = an_archive()
    for at in range(whole.index(b"PK\1\2"), len(whole)):
        for byte in {0, 255} - {whole[at]}:
            with contextlib.suppress(BadArchive):
                assert (
                    laid(tmp_path, whole[:at] + bytes([byte]) + whole[at + 1 :]).keys()
                    > FILES.keys()
                )


def test_a_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    """Also one that lies about its size: what is told bounds what is written."""
    zeros = {"hanza/a.py": bytes(2**20)}
    too_large = a_crooked_archive(zeros, more=UNPACKED_BYTES_MAX)
    lying = a_crooked_archive(zeros, ONE).replace(struct.pack("<I", 2**20), struct.pack("<I", 6))
    for bomb in (too_large, lying):
        with pytest.raises(BadArchive):
            laid(tmp_path, bomb)


def test_what_was_there_stays_where_the_new_one_is_refused(tmp_path: Path) -> None:
    laid(tmp_path, an_archive())
    with pytest.raises(BadArchive):
        laid(tmp_path, a_crooked_archive({"../out": b"x"}))
    assert inside(tmp_path / "slot").keys() > FILES.keys()
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "slot").rglob("*")}
    assert modes == {0}


# -- packing and the commands ---------------------------------------------------------------------


def test_what_runs_here_is_packed_whole_and_runs_from_its_slot_alone(tmp_path: Path) -> None:
    """Without anything of this environment but Python itself: nothing is missing."""
    files = gather()
    assert not [name for name in files if name.endswith(".pyc") or name.startswith(("numba", "/"))]
    for name, content in files.items():
        path = tmp_path / "slot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    modules = "hanza.boot.main, hanza.boot.agent, hanza.boot.local, hanza.drivers.fake"
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'slot')!r}); import {modules};"
        "import hanza.boot.numbers; from hanza.drivers import registry; print(registry.names())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "fake" in done.stdout


def test_a_key_is_made_for_its_owner_alone_and_signs(tmp_path: Path) -> None:
    runner, key, archive = CliRunner(), tmp_path / "key", tmp_path / "r.zip"
    made = json.loads(runner.invoke(app, ["keys", str(key), "-o", "json"]).stdout)
    assert key.stat().st_mode & 0o777 == 0o600
    assert runner.invoke(app, ["keys", str(key)]).exit_code, "a key is never written over"
    beside, again = tmp_path / "key.revocation", tmp_path / "again"
    assert beside.stat().st_mode & 0o777 == 0o600
    assert not runner.invoke(app, ["revocation", str(again), "--key", str(key)]).exit_code
    assert beside.read_bytes() == again.read_bytes()
    check_revocation(revocation_from_json(beside.read_bytes()))
    archive.write_bytes(an_archive())
    done = runner.invoke(app, ["sign", str(archive), "--key", str(key)])
    assert not done.exit_code, done.output
    said = signed_from_json((tmp_path / "r.zip.signed").read_bytes())
    release = read_release(said)
    assert (said.key.hex(), release.version) == (made["key"], "0.2.0")
    assert release.digest == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert release.expires_at - release.signed_at == timedelta(days=90)
    shown = runner.invoke(app, ["show", str(tmp_path / "r.zip.signed"), "-o", "json"])
    assert json.loads(shown.stdout)["version"] == "0.2.0"
    key.chmod(0o644)
    refused = runner.invoke(app, ["sign", str(archive), "--key", str(key)])
    assert "may be read by others" in str(refused.exception)


def test_a_build_without_a_manifest_is_not_signed(tmp_path: Path) -> None:
    key, archive = tmp_path / "key", tmp_path / "r.zip"
    CliRunner().invoke(app, ["keys", str(key)])
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("x", "y")
    refused = CliRunner().invoke(app, ["sign", str(archive), "--key", str(key)])
    assert isinstance(refused.exception, Invalid)
