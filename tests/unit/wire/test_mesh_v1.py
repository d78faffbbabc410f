"""What agents ask each other is answered to whom the plane meant, and never with more."""

from hypothesis import given
from hypothesis import strategies as st

from hanza.model.ids import AgentId
from hanza.plan.mesh import DATAGRAM_BYTES
from hanza.wire.mesh_v1 import answer_to, ask, is_answer, pair_key

ME, OTHER = AgentId("ag_me"), AgentId("ag_other")
SECRET, NONCE = bytes(range(32)), b"12345678"


def test_who_was_told_the_key_of_the_pair_is_answered_with_as_much_as_it_sent() -> None:
    key = pair_key(SECRET, 7, ME)
    asked = ask(key, 7, ME, NONCE)
    answer = answer_to(SECRET, 7, asked)
    assert answer is not None
    assert len(asked) == len(answer) == DATAGRAM_BYTES
    assert is_answer(key, asked, answer)
    assert not is_answer(key, asked, asked), "an echo is no answer"
    assert not is_answer(key, ask(key, 7, ME, b"another!"), answer), "an old answer is none"
    assert not is_answer(pair_key(SECRET, 7, OTHER), asked, answer)


def test_keys_are_for_one_pair_and_one_round() -> None:
    asked = ask(pair_key(SECRET, 7, ME), 7, ME, NONCE)
    assert [answer_to(SECRET, n, asked) is not None for n in (5, 6, 7, 8, 9)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert answer_to(SECRET, 7, ask(pair_key(SECRET, 7, OTHER), 7, ME, NONCE)) is None
    assert answer_to(SECRET, 8, ask(pair_key(SECRET, 7, ME), 8, ME, NONCE)) is None
    assert answer_to(bytes(32), 7, asked) is None


def test_an_answer_is_never_answered() -> None:
    """Else two who answer could be set upon each other."""
    asked = ask(pair_key(SECRET, 7, ME), 7, ME, NONCE)
    answer = answer_to(SECRET, 7, asked)
    assert answer is not None
    assert answer_to(SECRET, 7, answer) is None


@given(st.binary(max_size=100))
def test_whatever_else_comes_is_met_with_silence(datagram: bytes) -> None:
    assert answer_to(SECRET, 7, datagram) is None
    assert not is_answer(SECRET, ask(SECRET, 7, ME, NONCE), datagram)


@given(st.integers(0, DATAGRAM_BYTES - 1), st.integers(1, 255))
def test_one_wrong_byte_anywhere_is_enough(at: int, by: int) -> None:
    asked = bytearray(ask(pair_key(SECRET, 7, ME), 7, ME, NONCE))
    asked[at] ^= by
    assert answer_to(SECRET, 7, bytes(asked)) is None
