"""`hanza console` over a real plane and a real agent, from terminals and from scripts."""

import contextlib
import json
import os
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.client import connect

from hanza.cli.client import BASE
from kit.processes import LocalLeague, Process, a_local_league, hanza
from kit.terminals import Terminal, a_terminal
from kit.waiting import until

APP = """\
apiVersion: hanza.app/v1
workspace: demo
components:
  - {name: kava, country: HR, image: tiny, memory: 96Mi, disk: 64Mi}
"""
ESCAPE = b"\x1d"


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        (tmp_path / "app.yaml").write_text(APP)
        found.add_image("tiny")
        found.add_site("zagreb", "HR")
        done = found.run("apply", str(tmp_path / "app.yaml"), "--wait", "--timeout", "30")
        assert done.returncode == 0, done.stderr
        yield found


def environ(league: LocalLeague) -> dict[str, str]:
    return {"HANZA_CONTEXT": str(league.state / "context.json")}


@contextlib.contextmanager
def at_the_console(league: LocalLeague, *options: str) -> Iterator[Terminal]:
    with a_terminal(hanza("console", "kava", *options), environ(league)) as terminal:
        terminal.await_shown(b"leave with Ctrl-]")
        yield terminal


def piped(
    league: LocalLeague, typed: bytes, *options: str, **more: str
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        hanza("console", "kava", *options),
        input=typed,
        capture_output=True,
        timeout=60,
        env={**os.environ, **environ(league), **more},
        check=False,
    )


def events(league: LocalLeague) -> list[tuple[str, str]]:
    happened = [(one["kind"], one["text"]) for one in league.ask("events")]
    return [one for one in happened if one[0].startswith("console.")]


def test_a_person_types_reads_and_leaves_with_the_terminal_as_it_was(league: LocalLeague) -> None:
    with at_the_console(league) as terminal:
        assert terminal.is_raw()
        terminal.type(b"\x03\x1a hello\r")
        terminal.await_shown(b"\x03\x1a hello\r\n")
        terminal.type(ESCAPE)
        assert terminal.wait() == 0
        assert terminal.settings() == terminal.before
        assert b"you left" in terminal.shown
    until(lambda: "hello" in league.run("logs", "kava").stdout, "its site reports it", 30)
    opened, closed = events(league)
    assert opened == ("console.opened", "operator opened the console of kava at zagreb")
    assert closed[0] == "console.closed"
    assert closed[1].startswith("operator had the console of kava at zagreb open for ")
    assert closed[1].endswith(": left")


def test_a_script_types_and_listens_for_a_while(league: LocalLeague) -> None:
    done = piped(league, b"one\rtwo\x1d\r", "--linger", "1")
    assert (done.returncode, done.stdout) == (0, b"one\r\ntwo\x1d\r\n")
    assert b"you left" in done.stderr


@pytest.mark.parametrize("closed", ["0<&-", "1>&-"])
def test_without_an_input_or_an_output_it_says_so(league: LocalLeague, closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec {closed}; exec "$@"', "sh", *hanza("console", "kava")],
        stderr=subprocess.PIPE,
        timeout=60,
        env={**os.environ, **environ(league)},
        check=False,
    )
    assert done.returncode == 1
    assert b"[invalid]" in done.stderr
    assert b"Traceback" not in done.stderr


def test_the_terminal_is_as_it_was_though_the_command_is_ended(league: LocalLeague) -> None:
    with at_the_console(league) as terminal:
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM
        assert terminal.settings() == terminal.before


def test_the_terminal_is_as_it_was_though_the_plane_dies(league: LocalLeague) -> None:
    with at_the_console(league) as terminal:
        league.plane.kill()
        assert terminal.wait() == 1
        assert terminal.settings() == terminal.before
        assert b"[hung_up]" in terminal.shown


def test_one_at_a_time_unless_by_force(league: LocalLeague) -> None:
    with at_the_console(league) as first:
        refused = league.run("console", "kava")
        assert refused.returncode == 1
        assert "operator has had the console of kava open since" in refused.stderr
        assert "[in_use]" in refused.stderr
        assert "--force" in refused.stderr
        assert "ERROR" not in (league.folder / "plane.log").read_text(), "a refusal is an answer"
        first.type(b"still here\r")
        first.await_shown(b"still here\r\n")
        with at_the_console(league, "--force") as second:
            assert first.wait() == 1
            assert b"somebody else took it over" in first.shown
            assert first.settings() == first.before
            second.type(b"mine\r")
            second.await_shown(b"mine\r\n")
            second.type(ESCAPE)
            assert second.wait() == 0
    assert piped(league, b"again\r", "--linger", "0.5").stdout == b"again\r\n"


@pytest.mark.parametrize("ending", ["destroyed", "its agent stops"])
def test_it_ends_with_the_guest_and_with_the_way_to_it(league: LocalLeague, ending: str) -> None:
    with at_the_console(league) as terminal:
        if ending == "destroyed":
            league.ask("destroy", "--yes", "kava")
        else:
            league.agents["zagreb"].stop()
        assert terminal.wait() == (0 if ending == "destroyed" else 1)
        words = b"the guest went off" if ending == "destroyed" else b"[hung_up]"
        assert words in terminal.shown
    done = league.run("console", "kava")
    assert done.returncode == 1
    assert ("[not_found]" if ending == "destroyed" else "[not_here]") in done.stderr


def test_a_flood_delays_neither_heartbeat_nor_manifest(league: LocalLeague) -> None:
    """The fake's port takes 256 KiB and nothing more: the rest waits, and in nobody's way."""
    with subprocess.Popen(
        hanza("console", "kava"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **environ(league)},
    ) as flood:
        assert flood.stdin is not None
        plane, agent = league.plane.resident_mib, league.agents["zagreb"].resident_mib
        sent: list[int] = []
        thread = threading.Thread(target=pour, args=(flood.stdin, sent))
        thread.start()
        until(lambda: len(sent) >= 4, "the flood has begun", 20)
        (league.folder / "more.yaml").write_text(APP.replace("kava", "caj"))
        began = time.monotonic()
        done = league.run("apply", str(league.folder / "more.yaml"), "--wait", "--timeout", "20")
        assert done.returncode == 0, done.stderr
        assert flood.poll() is None, "the flood lasts longer than the other's request"
        print(f"applied beside a flood in {time.monotonic() - began:.1f} s")
        assert league.plane.resident_mib - plane < 20
        assert league.agents["zagreb"].resident_mib - agent < 20
        # That it is ended after twenty seconds is proved with a shorter time beside the agent.
        flood.kill()
        thread.join(60)
    # What was taken lies in the kernel's buffers of four sockets, whose size is the kernel's.
    assert sum(sent) < 64 * 2**20, "what nobody reads is not taken for ever"


def pour(pipe: IO[bytes], sent: list[int]) -> None:
    """Until nobody is there to pour into."""
    with contextlib.suppress(BrokenPipeError):
        while True:
            sent.append(os.write(pipe.fileno(), b"x" * 65536))


def test_a_tenant_has_the_consoles_of_its_own_guests_alone(league: LocalLeague) -> None:
    context = json.loads((league.state / "context.json").read_text())
    for tenant in ("default", "rival"):
        league.ask("tenant", "add", tenant)
        token = league.ask("token", f"of-{tenant}", "--tenant", tenant)["token"]
        path = league.folder / f"{tenant}.json"
        path.write_text(json.dumps(context | {"token": token}))
    own = piped(
        league, b"hi\r", "--linger", "0.5", HANZA_CONTEXT=str(league.folder / "default.json")
    )
    assert own.stdout == b"hi\r\n"
    theirs = piped(league, b"hi\r", HANZA_CONTEXT=str(league.folder / "rival.json"))
    assert (theirs.returncode, theirs.stdout) == (1, b"")
    assert b"[not_found]" in theirs.stderr
    assert events(league)[0][1].startswith("of-default opened")
    assert len(events(league)) == 2


def test_no_frame_is_taken_that_is_larger_than_a_consoles(league: LocalLeague) -> None:
    context = json.loads((league.state / "context.json").read_text())
    path = "/tenants/default/workspaces/demo/instances/kava/console"
    with connect(
        context["url"].replace("https", "wss") + BASE + path,
        ssl=ssl.create_default_context(cafile=context["ca"]),
        additional_headers={"authorization": f"Bearer {context['token']}"},
        proxy=None,
    ) as line:
        line.send(b"x" * 2**20)
        with pytest.raises(ConnectionClosed) as ended:
            line.recv(20)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == CloseCode.MESSAGE_TOO_BIG


def test_a_log_is_followed_and_goes_on_where_it_was_when_the_line_was_cut(
    league: LocalLeague,
) -> None:
    """What the guest echoes is what it writes; a reader is no user of its console."""
    out, error = league.folder / "followed", league.folder / "followed.err"
    follower = Process(
        hanza("logs", "kava", "--follow", "--output", "json"), out, **environ(league)
    )
    try:
        until(lambda: '"hanza fake guest kava is up"' in out.read_text(), "it is told", 20)
        assert piped(league, b"hello one\n").returncode == 0
        until(lambda: "hello one" in out.read_text(), "what is new is told", 20)
        league.agents["zagreb"].kill()
        league.start_agent("zagreb")
        until(lambda: piped(league, b"hello two\n").returncode == 0, "it is there again", 20)
        until(lambda: "hello two" in out.read_text(), "it goes on", 30)
    finally:
        follower.kill()
    told = [json.loads(line) for line in out.read_text().splitlines() if line.startswith("{")]
    assert [one["text"] for one in told] == [
        "hanza fake guest kava is up",
        "hello one",
        "hello two",
    ]
    assert "-- " in out.read_text(), "that the line was cut is said"
    since = str(told[0]["next"])
    again = Process(hanza("logs", "kava", "-f", "--since", since), error, **environ(league))
    try:
        until(lambda: error.read_text() == "hello one\nhello two\n", "from there", 20)
    finally:
        again.kill()
