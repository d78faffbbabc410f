"""The agent as a real process: joined, run, killed, stopped, and how much memory it takes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from hanza.agent.journal import Identity, Journal, load_identity, load_starts
from hanza.drivers.fake import open_driver
from hanza.model.ids import SiteId
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import manifest_to_wire
from hanza.wire.credentials import JoinToken, agent_key_to_bytes, join_token_to_text
from kit.agent_peer import Authority, Peer, a_peer, a_registrar, an_authority
from kit.agent_worlds import KEY, ME, PIN, US, a_manifest, a_mark, a_tombstone, an_entry
from kit.waiting import until

pytestmark = pytest.mark.enable_socket
MEMORY_MAX_KIB = 100 * 1024
MANIFEST = a_manifest([an_entry()])

Start = Callable[..., "subprocess.Popen[str]"]
Prepare = Callable[[int], Path]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return an_authority(tmp_path_factory.mktemp("federation"))


@pytest.fixture
def peer(authority: Authority) -> Iterator[Peer]:
    with a_peer(authority) as peer:
        yield peer


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site.json"


@pytest.fixture
def prepare(tmp_path: Path, site: Path, authority: Authority) -> Prepare:
    """A folder as joining leaves it, for a plane at a port."""

    def prepare(port: int) -> Path:
        folder = tmp_path / "state"
        with closing(Journal(folder)) as journal:
            journal.key(lambda _: agent_key_to_bytes(KEY))
            url = f"https://127.0.0.1:{port}"
            options = {"state": str(site)}
            identity = Identity(ME, US, SiteId("si_zg"), (url,), PIN, "fake", options)
            journal.keep_identity(identity, authority.root.read_bytes())
        return folder

    return prepare


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs `hanza agent …`, and leaves no process behind."""
    with ExitStack() as stack:

        def start(*words: object, **environ: str) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-m", "hanza.boot.main", "agent", *map(str, words)],
                env={**os.environ, **environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def guests(site: Path) -> list[tuple[str, str]]:
    with closing(open_driver(US, {"state": str(site)})) as driver:
        return [(guest.mark.owner, guest.power) for guest in driver.survey().guests]


def finish(process: "subprocess.Popen[str]", given: str = "") -> tuple[int, str, str]:
    out, err = process.communicate(given, timeout=30)
    return process.returncode, out, err


def resident_kib(process: "subprocess.Popen[str]") -> int:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("the process is gone")


def test_it_converges_reports_and_ends_cleanly_leaving_its_guests(
    prepare: Prepare, peer: Peer, start: Start, site: Path
) -> None:
    folder = prepare(peer.port)
    process = start("run", "--state", folder, "--output", "json")
    until(lambda: peer.hellos == 1, "the agent says hello", within_s=20)
    peer.send(manifest_to_wire(MANIFEST))
    until(lambda: guests(site) == [(a_mark().owner, "on")], "the guest runs")
    until(lambda: peer.reports_taken >= 2, "the reports arrive")
    resident = resident_kib(process)
    print(f"agent at rest: {resident / 1024:.1f} MiB resident")
    process.send_signal(signal.SIGTERM)
    code, out, err = finish(process)
    assert code == 0, err
    assert [json.loads(line) for line in out.splitlines()] == [
        {"agent": ME, "federation": US, "site": "si_zg"}
    ]
    assert "agent.stopped" in err
    assert "bug.caught" not in err
    assert guests(site) == [(a_mark().owner, "on")]
    assert resident < MEMORY_MAX_KIB


@pytest.mark.parametrize(
    "point",
    [
        "journal.starts.after",
        "link.hello.after",
        "journal.manifest.before",
        "journal.manifest.after",
        "link.holding.before",
        "driver.create.before",
        "driver.create.after",
        "driver.set_power.after",
        "link.report.before",
        "link.report.after",
    ],
)
def test_killed_anywhere_the_next_start_reaches_the_same_end(
    prepare: Prepare, peer: Peer, start: Start, site: Path, point: str
) -> None:
    folder = prepare(peer.port)
    process = start("run", "--state", folder, HANZA_TESTING="1", HANZA_KILL_AT=point)
    before = peer.hellos

    def dies() -> bool:
        if peer.hellos > before and not peer.of(v1.Holding) and process.poll() is None:
            _say(peer)
        return process.poll() is not None

    until(dies, f"the agent dies at {point}", within_s=30)
    assert finish(process)[0] == -signal.SIGKILL

    seen = peer.hellos
    again = start("run", "--state", folder)
    until(lambda: peer.hellos > seen, "the agent comes again", within_s=20)
    peer.send(manifest_to_wire(MANIFEST))
    until(lambda: guests(site) == [(a_mark().owner, "on")], "one guest, and it runs")
    again.send_signal(signal.SIGTERM)
    assert finish(again)[0] == 0
    assert load_starts(folder) == 2


def _say(peer: Peer) -> None:
    try:
        peer.send(manifest_to_wire(MANIFEST))
    except (OSError, ConnectionClosed):
        return


def test_without_a_plane_it_comes_back_to_what_it_held(
    prepare: Prepare, start: Start, site: Path
) -> None:
    folder = prepare(1)
    with closing(Journal(folder)) as journal:
        journal.hold(a_manifest([an_entry("in_a")], [a_tombstone("in_b")]))
    process = start("run", "--state", folder)
    until(lambda: guests(site) == [("in_a", "on")], "the guest runs", within_s=20)
    process.terminate()
    assert finish(process)[0] == 0


def test_two_agents_never_share_a_folder(prepare: Prepare, peer: Peer, start: Start) -> None:
    folder = prepare(peer.port)
    first = start("run", "--state", folder)
    until(lambda: peer.hellos == 1, "the agent says hello", within_s=20)
    code, _, err = finish(start("run", "--state", folder))
    assert code == 1
    assert err.startswith("error: another agent process is using")
    assert first.poll() is None


def test_join_then_join_again_then_status(
    authority: Authority, start: Start, tmp_path: Path
) -> None:
    state = tmp_path / "joined"
    with a_registrar(authority, authority.root.read_bytes()) as plane:
        url = f"https://127.0.0.1:{plane.port}"
        token = join_token_to_text(JoinToken((url,), authority.pin, bytes(32)))
        words = ("join", "-", "--state", state, "--driver", "fake", "--option", "hosts=2")
        code, out, err = finish(start(*words), f"{token}\n")
        assert (code, out) == (0, "joined: agent ag_1 of site si_zg\n"), err
        assert "ok    boot     a guest of tiny was up" in err
        assert "?     clock    the plane does not tell its time" in err
        assert err.splitlines()[-1].startswith("score ")
        said = finish(start(*words), token)
        assert said == (0, "joined already: agent ag_1 of site si_zg\n", "")
        code, out, _ = finish(start(*words, "--output", "json"), token)
    assert (code, json.loads(out)) == (
        0,
        {"agent": "ag_1", "federation": "fe_us", "site": "si_zg", "outcome": "joined_already"},
    )
    identity = load_identity(state)
    assert identity is not None
    assert identity.options == {"hosts": "2"}
    code, out, _ = finish(start("status", "--state", state, "--output", "json"))
    assert code == 0
    status = json.loads(out)
    assert (status["agent"], status["starts"], status["manifest"]) == ("ag_1", 0, None)
    code, out, _ = finish(start("status", "--state", state))
    assert code == 0
    assert f"planes       {url}" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run",), "no agent has joined"),
        (("status",), "no agent has joined"),
        (("join", "nonsense", "--driver", "fake"), "a join token starts with"),
        (("join", "x", "--driver", "hal"), "there is no driver 'hal'"),
        (("join", "x", "--driver", "fake", "--option", "k"), "'k' is not key=value"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    start: Start, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    code, out, err = finish(start(*words, "--state", tmp_path / "state"))
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {said}")
    assert len(err.splitlines()) == 1
