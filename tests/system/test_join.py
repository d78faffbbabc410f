"""Joining over a real wire: whom it believes, what it keeps, and what it says when refused."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hanza.agent.doctor import PlaneSeen
from hanza.agent.join import SHOWN_MAX, JoinOrder, Outcome, TryEngine, join
from hanza.agent.journal import Identity, Journal, load_identity, load_starts
from hanza.model.errors import Conflict, Forbidden, HanzaError, Invalid, Unavailable
from hanza.wire.agent_v1 import JoinRequest
from hanza.wire.credentials import JoinToken, check_join, digest_of_secret, join_token_to_text
from kit.agent_peer import Authority, Registrar, a_registrar, a_stranger, an_authority

pytestmark = pytest.mark.enable_socket
SECRET = bytes(range(32))
ANSWER = b'{"agent":"ag_1","federation":"fe_us","site":"si_zg"}'


def entropy(size: int) -> bytes:
    return hashlib.shake_256(b"seed").digest(size)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return an_authority(tmp_path_factory.mktemp("federation"))


@pytest.fixture
def plane(authority: Authority) -> Iterator[Registrar]:
    with a_registrar(authority, authority.root.read_bytes()) as registrar:
        yield registrar


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def token_for(authority: Authority, *ports: int, scheme: str = "https") -> JoinToken:
    urls = tuple(f"{scheme}://127.0.0.1:{port}" for port in ports)
    return JoinToken(urls, authority.pin, SECRET)


def run(
    state: Path,
    token: JoinToken,
    *,
    may_be_plain: bool = False,
    try_engine: TryEngine = lambda _: None,
) -> tuple[Identity, Outcome]:
    order = JoinOrder(join_token_to_text(token), "fake", {"hosts": "2"}, may_be_plain)
    with closing(Journal(state)) as journal:
        return join(order, journal, entropy, try_engine)


@pytest.fixture
def joining(authority: Authority, plane: Registrar, state: Path) -> Callable[[], None]:
    def joining() -> None:
        run(state, token_for(authority, plane.port))

    return joining


def test_whoever_joins_has_an_identity_and_everything_a_run_needs(
    authority: Authority, plane: Registrar, state: Path
) -> None:
    token = token_for(authority, plane.port)
    identity, outcome = run(state, token)
    assert outcome == "joined"
    assert (identity.agent, identity.federation, identity.site) == ("ag_1", "fe_us", "si_zg")
    assert (identity.urls, identity.pin) == (token.urls, authority.pin)
    assert (identity.driver, identity.options) == ("fake", {"hosts": "2"})
    assert load_identity(state) == identity
    assert load_starts(state) == 0
    assert (state / "root.pem").read_bytes() == authority.root.read_bytes()


def test_the_request_proves_the_key_that_it_registers(
    authority: Authority, plane: Registrar, state: Path
) -> None:
    run(state, token_for(authority, plane.port))
    request = msgspec.json.decode(plane.joins[0], type=JoinRequest)
    check_join(request.public_key, request.secret, request.signature)
    assert (request.secret, request.driver) == (SECRET, "fake")


def test_the_engine_is_tried_under_the_federations_name_before_the_token_is_spent(
    authority: Authority, plane: Registrar, state: Path
) -> None:
    tried: list[tuple[str, int]] = []

    def broken(seen: PlaneSeen) -> None:
        tried.append((seen.federation, len(plane.joins)))
        raise Unavailable("libvirt does not answer")

    token = token_for(authority, plane.port)
    with pytest.raises(Unavailable, match="libvirt does not answer"):
        run(state, token, try_engine=broken)
    assert tried == [("fe_us", 0)]
    assert plane.joins == []
    assert run(state, token)[1] == "joined"


@pytest.mark.parametrize(("answer", "refused"), [(b"", Forbidden), (b"no JSON", Invalid)])
def test_a_plane_that_does_not_say_which_federation_it_is_gets_no_token(
    authority: Authority, plane: Registrar, state: Path, answer: bytes, refused: type[HanzaError]
) -> None:
    plane.federation = answer
    with pytest.raises(refused):
        run(state, token_for(authority, plane.port))
    assert plane.joins == []


def test_joining_twice_with_one_token_is_joining_once(
    authority: Authority, plane: Registrar, state: Path
) -> None:
    token = token_for(authority, plane.port)
    first, _ = run(state, token)
    assert run(state, token) == (first, "joined_already")
    assert len(plane.joins) == 1


def test_a_folder_in_use_takes_no_other_token(
    authority: Authority, plane: Registrar, state: Path
) -> None:
    token = token_for(authority, plane.port)
    run(state, token)
    with pytest.raises(Conflict, match="belongs to the agent ag_1"):
        run(state, replace(token, secret=bytes(32)))


def test_a_lost_answer_is_asked_for_again_with_the_same_key(
    authority: Authority, plane: Registrar, state: Path
) -> None:
    token = token_for(authority, plane.port)
    plane.answer = b"{"
    with pytest.raises(Invalid, match="does not decode"):
        run(state, token)
    assert load_identity(state) is None
    plane.answer = ANSWER
    assert run(state, token)[1] == "joined"
    first, second = (msgspec.json.decode(body, type=JoinRequest) for body in plane.joins)
    assert first == second


def test_a_root_that_the_token_does_not_pin_ends_it_before_anything_is_said(
    authority: Authority, plane: Registrar, state: Path
) -> None:
    token = replace(token_for(authority, plane.port), pin=bytes(32))
    with pytest.raises(Forbidden, match="another one"):
        run(state, token)
    assert plane.joins == []
    assert load_identity(state) is None


def test_a_plane_that_shows_the_right_root_without_its_signature_hears_nothing(
    authority: Authority, state: Path, tmp_path: Path
) -> None:
    impostor = an_authority(tmp_path / "impostor")
    with a_registrar(impostor, authority.root.read_bytes()) as registrar:
        with pytest.raises(Unavailable, match="no plane answered"):
            run(state, token_for(authority, registrar.port))
        assert registrar.joins == []


@pytest.mark.parametrize("root", [b"no certificate", b"\xff\xfe"])
def test_what_is_no_certificate_is_refused(
    authority: Authority, plane: Registrar, state: Path, root: bytes
) -> None:
    plane.root_pem = root
    with pytest.raises(Invalid, match="no certificate"):
        run(state, token_for(authority, plane.port))


def test_a_plane_without_a_root_refuses_in_its_own_words(
    authority: Authority, plane: Registrar, state: Path
) -> None:
    plane.root_pem = b""
    with pytest.raises(Forbidden, match="the plane refused: not here"):
        run(state, token_for(authority, plane.port))


@pytest.mark.parametrize(
    ("status", "answer", "refused", "words"),
    [
        (
            403,
            b'{"type":"t","title":"No","detail":"that token is spent","code":"forbidden"}',
            Forbidden,
            "the plane refused: that token is spent (forbidden)",
        ),
        (409, b'{"title":"Conflict"}', Forbidden, "the plane refused: Conflict"),
        (
            403,
            b'{"detail":"\\u001b[2J\\u0007no\\n\\terror: \\u202eyes","code":"\\u001b[0m"}',
            Forbidden,
            "the plane refused: [2Jno error: yes ([0m)",
        ),
        (
            403,
            b'{"detail":"' + b"x" * 9000 + b'"}',
            Forbidden,
            f"the plane refused: {'x' * SHOWN_MAX}…",
        ),
        (400, b"<html>", Forbidden, "the plane refused: it answered 400"),
        (503, b"{}", Unavailable, "the plane refused: it answered 503"),
    ],
)
def test_a_refusal_is_told_in_the_planes_words(
    joining: Callable[[], None],
    plane: Registrar,
    status: int,
    answer: bytes,
    refused: type[HanzaError],
    words: str,
) -> None:
    plane.status, plane.answer = status, answer
    with pytest.raises(refused) as refusal:
        joining()
    assert str(refusal.value) == words


def test_a_stranger_that_speaks_no_http_shows_nothing_but_words(
    authority: Authority, state: Path
) -> None:
    words = b"\x1b[2J\x07" + b"x" * 9000 + b"\r\n\r\n"
    with a_stranger(authority, words) as port, pytest.raises(Unavailable) as refusal:
        run(state, token_for(authority, port))
    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 2 * SHOWN_MAX


def test_planes_are_asked_in_turn(authority: Authority, plane: Registrar, state: Path) -> None:
    assert run(state, token_for(authority, 1, plane.port))[1] == "joined"


def test_when_no_plane_answers_each_is_named(authority: Authority, state: Path) -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1: .*; 127\.0\.0\.1:2: "):
        run(state, token_for(authority, 1, 2))


def test_plain_http_is_spoken_on_loopback_when_asked_for(state: Path) -> None:
    with a_registrar(None) as registrar:
        token = JoinToken((f"http://127.0.0.1:{registrar.port}",), b"", SECRET)
        with pytest.raises(Invalid, match="--insecure-http"):
            run(state, token)
        identity, _ = run(state, token, may_be_plain=True)
    assert identity.may_be_plain
    assert not (state / "root.pem").exists()


def test_tls_without_a_pin_would_prove_nothing_and_is_refused(
    authority: Authority, state: Path
) -> None:
    with pytest.raises(Invalid, match="pins no root"):
        run(state, replace(token_for(authority, 1), pin=b""))


def test_neither_token_nor_options_are_shown() -> None:
    order = JoinOrder("hanza-join-1.secret", "fake", {"password": "hunter2"})
    assert "secret" not in repr(order)
    assert "hunter2" not in repr(order)


def test_the_token_is_not_kept_but_its_digest_is(
    authority: Authority, plane: Registrar, state: Path
) -> None:
    run(state, token_for(authority, plane.port))
    kept = b"".join(file.read_bytes() for file in state.iterdir())
    assert SECRET not in kept
    identity = load_identity(state)
    assert identity is not None
    assert identity.token_digest == digest_of_secret(SECRET)
