"""Logging in from a terminal: real command line, real plane, real OpenID provider."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from hanza.cli.device import Device, Login, LoginFailed
from hanza.drivers.contract.patience import until
from hanza.kit.clock import SystemClock
from hanza.model.errors import Unauthenticated
from hanza.wire.base64url import from_base64url
from hanza.wire.tokens import Bearer, Issuer, keys_from_seed, keys_to_json
from kit.issuers import AUDIENCE, RealIssuer, a_real_issuer
from kit.processes import LocalLeague, a_local_league, hanza

LIFE_S = 90
SECONDS_MAX = 60
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealIssuer]:
    with a_real_issuer(tmp_path_factory.mktemp("issuer"), LIFE_S) as found:
        yield found


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory, issuer: RealIssuer) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path_factory.mktemp("league")) as found:
        found.ask("tenant", "add", "acme")
        added = ("corp", issuer.url, "--audience", AUDIENCE, "--tenant", "acme")
        assert found.ask("issuer", "add", *added)["name"] == "corp"
        role = ("--role", "seca.workspace-editor")
        found.ask("user", "add", "corp:ana", "--tenant", "acme", *role)
        yield found


def log_in(league: LocalLeague, issuer: RealIssuer, context: Path, person: str) -> str:
    """Run `hanza login` in a process, be the person in a browser, and tell what was printed."""
    where = ("--plane", f"https://127.0.0.1:{league.port}", "--ca", str(league.state / "root.pem"))
    command = hanza("--context", str(context), "login", "--issuer", issuer.url, *where)
    printed = context.with_suffix(".printed")
    with printed.open("wb") as out:
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            until(lambda: "code " in printed.read_text(), "a code is shown", SECONDS_MAX)
            code = re.search(r"code  (\S+)", printed.read_text())
            assert code is not None
            issuer.approve(code[1], person)
            assert running.wait(SECONDS_MAX) == 0, printed.read_text()
        finally:
            running.kill()
            running.wait()
    return printed.read_text()


def as_them(context: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        hanza("--context", str(context), *arguments),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def test_a_person_logs_in_works_and_stays_logged_in(
    league: LocalLeague, issuer: RealIssuer, tmp_path: Path
) -> None:
    context = tmp_path / "me.json"
    printed = log_in(league, issuer, context, "ana")
    assert f"{issuer.url}/device" in printed
    assert os.stat(context).st_mode & 0o777 == 0o600
    kept = json.loads(context.read_text())
    assert kept["token"] not in printed
    assert kept["login"]["refreshToken"] not in printed
    looked = as_them(context, "status", "--tenant", "acme")
    assert looked.returncode == 0, looked.stderr
    denied = as_them(context, "user", "list", "--tenant", "acme")
    assert (denied.returncode, "forbidden" in denied.stderr) == (1, True)

    kept["login"]["expiresAt"] -= LIFE_S  # as if it were about to end
    context.write_text(json.dumps(kept))
    assert as_them(context, "status", "--tenant", "acme").returncode == 0
    renewed = json.loads(context.read_text())
    assert renewed["token"] != kept["token"]
    assert renewed["login"]["expiresAt"] > kept["login"]["expiresAt"]
    assert os.stat(context).st_mode & 0o777 == 0o600

    renewed["login"] |= {"expiresAt": 0, "refreshToken": "not-one"}
    context.write_text(json.dumps(renewed))
    over = as_them(context, "status", "--tenant", "acme")
    assert (over.returncode, "hanza login" in over.stderr) == (1, True)


def test_the_operators_context_is_not_written_over(league: LocalLeague, issuer: RealIssuer) -> None:
    refused = league.run("login", "--issuer", issuer.url)
    assert (refused.returncode, "another kind" in refused.stderr) == (1, True)


def test_users_come_and_go_by_the_command_line(league: LocalLeague) -> None:
    subject = "eve"
    done = league.run("token", subject, "--tenant", "acme", "--role", "seca.workspace-viewer")
    assert done.returncode == 0
    assert "is a user of acme now, as seca.workspace-viewer" in done.stderr
    assert "user of" not in league.run("token", subject, "--tenant", "acme").stderr
    grants = ("--role", "seca.workspace-editor@shop", "--role", "hanza.auditor")
    league.ask("user", "add", subject, "--tenant", "acme", *grants)
    users = {one["subject"]: one["roles"] for one in league.ask("user", "list", "--tenant", "acme")}
    assert users == {
        "corp:ana": "seca.workspace-editor",
        subject: "hanza.auditor seca.workspace-editor@shop",
    }
    wrong = league.run("user", "add", subject, "--tenant", "acme", "--role", "no-such")
    assert (wrong.returncode, "there is no role" in wrong.stderr) == (1, True)
    league.ask("user", "remove", subject, "--tenant", "acme")
    again = league.run("user", "remove", subject, "--tenant", "acme")
    assert (again.returncode, "not_found" in again.stderr) == (1, True)


def test_signing_keys_are_rotated_by_the_command_line(league: LocalLeague) -> None:
    (old,) = league.ask("signing-key", "list")
    new = league.ask("signing-key", "rotate")
    assert league.run("signing-key", "retire", old["kid"]).returncode == 1, "tokens of it are good"
    league.ask("signing-key", "retire", old["kid"], "--now")
    after = {one["kid"]: one["retiredAt"] is None for one in league.ask("signing-key", "list")}
    assert after == {old["kid"]: False, new["kid"]: True}
    assert not (league.state / "issuer.jwks").exists()


def test_keys_of_an_earlier_release_are_taken_over(league: LocalLeague, tmp_path: Path) -> None:
    token = league.ask("token", "old", "--tenant", "acme")["token"]
    claims = token.split(".")[1]
    federation = json.loads(from_base64url(claims))["federation"]
    keys, now = keys_from_seed(bytes(range(32))), SystemClock().now()
    before = Issuer(federation, keys).issue(Bearer("old", ("acme",), now + HOUR), now)
    signs = next(one["kid"] for one in league.ask("signing-key", "list") if one["signs"])
    league.plane.stop()
    file = league.state / "issuer.jwks"
    file.write_bytes(keys_to_json(keys))
    league.restart_plane()
    context = tmp_path / "old.json"
    for text in (token, before):
        kept = json.loads((league.state / "context.json").read_text()) | {"token": text}
        context.write_text(json.dumps(kept))
        assert as_them(context, "status", "--tenant", "acme").returncode == 0
    assert not file.exists()
    still = next(one["kid"] for one in league.ask("signing-key", "list") if one["signs"])
    assert still == signs, "what signed goes on signing"


# -- what an issuer may say in between --------------------------------------------------------


def scripted(*answers: tuple[int, object]) -> tuple[httpx2.Client, list[float]]:
    """An issuer that gives these answers, one after the other; and how long it was waited."""
    left = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("openid-configuration"):
            url = "https://corp.test"
            ends = ("jwks_uri", "token_endpoint", "device_authorization_endpoint")
            return httpx2.Response(200, json={"issuer": url} | dict.fromkeys(ends, f"{url}/x"))
        status, document = left.pop(0)
        return httpx2.Response(status, json=document)

    return httpx2.Client(transport=httpx2.MockTransport(answer)), []


DEVICE = {
    "device_code": "d",
    "user_code": "u",
    "verification_uri": "https://corp.test/device",
    "interval": 2,
    "expires_in": 30,
}
PENDING = (400, {"error": "authorization_pending"})
SLOWER = (400, {"error": "slow_down"})
GIVEN = (200, {"access_token": "opaque", "id_token": "a.b.c"})


def finished(*answers: tuple[int, object]) -> tuple[str, list[float]]:
    http, waited = scripted((200, DEVICE), *answers)
    at = [0.0]

    def wait(seconds: float) -> None:
        waited.append(seconds)
        at[0] += seconds

    login = Login("https://corp.test", "hanza", wait=wait, seconds=lambda: at[0])
    with http:
        found, device = login.begin(http)
        return login.finish(http, found, device).bearer, waited


def test_it_asks_as_slowly_as_it_is_told() -> None:
    assert finished(PENDING, SLOWER, PENDING, GIVEN) == ("a.b.c", [2, 2, 7, 7])


@pytest.mark.parametrize(
    "answers",
    [
        [(400, {"error": "access_denied"})],
        [(400, {"error": "expired_token"})],
        [(500, "what")],
        [(400, {"error": "\x1b[2J" * 9})],
        [(200, {"access_token": "opaque"})],
        [(200, ["no"])],
        [PENDING] * 20,
    ],
)
def test_no_token_is_said_so(answers: list[tuple[int, object]]) -> None:
    with pytest.raises(LoginFailed) as failed:
        finished(*answers)
    assert failed.value.text.isprintable()


def test_a_login_that_is_over_says_so() -> None:
    http, _ = scripted((400, {"error": "invalid_grant"}))
    with http, pytest.raises(Unauthenticated):
        Login("https://corp.test", "hanza").refresh(http, "old")
    assert Device("d", "u", "v").interval == 5
