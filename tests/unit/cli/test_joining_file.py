"""The script that a store runs as root: it carries what it must, and nothing hostile."""

import subprocess
from pathlib import Path

import pytest

from hanza.cli.joining_file import (
    Engine,
    Invitation,
    check_folder,
    may_own,
    script_of,
    write_file,
)
from hanza.model.errors import Invalid
from hanza.wire.credentials import JoinToken, join_token_to_text

PIN = bytes(range(32))
UNTIL = "2026-01-02T00:00:00Z"


def an_invitation(token: str | None = None, *urls: str, until: str = UNTIL) -> Invitation:
    good = JoinToken(urls or ("https://192.0.2.1:7443", "https://[::1]:7443"), PIN, bytes(32))
    return Invitation("lju-1", "zito", token or join_token_to_text(good), until)


def a_hanza(folder: Path) -> Path:
    """A stand-in that tells what it was asked and given."""
    program = folder / "hanza"
    program.write_text('#!/bin/sh\nfor one; do printf "<%s>\\n" "$one"; done\ncat\n')
    program.chmod(0o755)
    return program


def run(folder: Path, script: str, *arguments: str, **environ: str) -> str:
    file = folder / "lju-1.sh"
    write_file(file, script)
    assert file.stat().st_mode & 0o777 == 0o600
    done = subprocess.run(
        ["sh", str(file), *arguments],
        env={"PATH": "/usr/bin:/bin", "HANZA": str(a_hanza(folder)), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_it_joins_with_the_token_on_standard_input_and_says_what_is_next(tmp_path: Path) -> None:
    invitation = an_invitation()
    hostile = "x=$(touch /tmp/pwned) `id` ' \" ;"
    said = run(tmp_path, script_of(invitation, Engine("fake", [hostile])), "--option", "a=b")
    told = said.split("<")[1:]
    words = [one.partition(">")[0] for one in told]
    state = "/var/lib/hanza-agent"
    assert words == [
        *("agent", "join", "-", "--state", state, "--driver", "fake"),
        *("--option", hostile, "--option", "a=b"),
    ]
    assert f"{invitation.token}\n" in said
    assert f"agent run --state {state}" in said
    assert "systemctl enable --now hanza-agent" in said


def test_it_tells_plane_pin_and_end_to_whoever_reads_it() -> None:
    script = script_of(an_invitation(), Engine("libvirt", []))
    for words in ("https://192.0.2.1:7443 https://[::1]:7443", PIN.hex(), "2026-01-02", "SECRET"):
        assert words in script
    assert "@" not in script.replace("$@", "")


def test_the_unit_runs_the_agent_and_joins_nothing(tmp_path: Path) -> None:
    script = script_of(an_invitation(), Engine("fake", []))
    said = run(tmp_path, script, "--unit", HANZA_STATE="/srv/agent")
    assert f"ExecStart={tmp_path}/hanza agent launch --state /srv/agent" in said
    assert "Restart=always" in said
    assert "<agent>" not in said
    assert "no systemd unit" in run(tmp_path, script, HANZA_STATE="/srv/a b")
    assert "Hanza is not on this machine" in run(tmp_path, script, HANZA="/nowhere/hanza")


@pytest.mark.parametrize(
    "url", ["https://a/$(id)", "https://a\nrm -rf /", "ftp://a", "https://a b"]
)
def test_a_plane_that_would_have_something_run_is_refused(url: str) -> None:
    token = join_token_to_text(JoinToken((url,), PIN, bytes(32)))
    with pytest.raises(Invalid, match="no plane of ours"):
        script_of(an_invitation(token), Engine("fake", []))


@pytest.mark.parametrize("token", ["hanza-join-1.x\nTOKEN\nid", "nothing", "hanza-join-1.AAAA"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(Invalid):
        script_of(an_invitation(token), Engine("fake", []))


def test_an_end_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="no end"):
        script_of(an_invitation(until="tomorrow\nid"), Engine("fake", []))


@pytest.mark.parametrize(("site", "provider"), [("a", "b\nid"), ("a\nid", "b"), ("$(id)", "b")])
def test_a_name_that_is_none_is_refused(site: str, provider: str) -> None:
    with pytest.raises(Invalid, match="is not a name"):
        script_of(Invitation(site, provider, an_invitation().token, UNTIL), Engine("fake", []))


@pytest.mark.parametrize(
    ("driver", "option"), [("fake;id", "a=b"), ("Fake", "a=b"), ("fake", "ab"), ("fake", "a=\nb")]
)
def test_an_engine_that_is_none_is_refused(driver: str, option: str) -> None:
    with pytest.raises(Invalid):
        Engine(driver, [option])


def test_a_link_in_the_folder_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    (tmp_path / "a.sh").symlink_to(target)
    write_file(tmp_path / "a.sh", "fresh")
    assert target.read_text() == "mine"
    assert (tmp_path / "a.sh").read_text() == "fresh"
    assert not (tmp_path / "a.sh").is_symlink()


def test_a_folder_that_others_write_to_or_that_is_a_file_is_refused(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "deep")
    assert (tmp_path / "new" / "deep").stat().st_mode & 0o077 == 0
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(Invalid, match="others may write"):
        check_folder(tmp_path / "open")
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="cannot be made"):
        check_folder(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("owner", "me", "is_good"), [(0, 0, True), (0, 7, True), (7, 7, True), (7, 0, False)]
)
def test_a_folder_of_somebody_else_is_refused(owner: int, me: int, is_good: bool) -> None:
    assert may_own(owner, me) is is_good


def test_the_unit_runs_as_a_user_of_the_agents_own_where_one_is_said(tmp_path: Path) -> None:
    script = script_of(an_invitation(), Engine("fake", []))
    assert "User=hanza-agent\n" in run(tmp_path, script, "--unit", HANZA_USER="hanza-agent")
    assert "NoNewPrivileges=yes\n" in run(tmp_path, script, "--unit")
    assert "no systemd unit" in run(tmp_path, script, HANZA_USER="a\nExecStart=/bin/sh")
