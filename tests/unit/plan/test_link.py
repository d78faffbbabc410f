"""Which start of an agent is believed, and when there is news for it."""

import pytest

from hanza.model.manifest import Version
from hanza.model.report import Incarnation
from hanza.plan.link import UNBORN, Greeting, greeting_of, is_news

A, B = b"a" * 32, b"b" * 32
ONE, TWO = Version(1, 1), Version(1, 2)


@pytest.mark.parametrize(
    ("believed", "said", "greeting"),
    [
        (UNBORN, Incarnation(1, "x"), "newer"),
        (Incarnation(1, "x"), Incarnation(1, "x"), "same"),
        (Incarnation(1, "x"), Incarnation(2, "y"), "newer"),
        (Incarnation(2, "y"), Incarnation(1, "x"), "copy"),
        (Incarnation(2, "y"), Incarnation(2, "z"), "copy"),
    ],
)
def test_the_newest_start_of_a_key_is_believed(
    believed: Incarnation, said: Incarnation, greeting: Greeting
) -> None:
    assert greeting_of(believed, said) == greeting


def test_news_is_what_was_not_said_and_is_not_held() -> None:
    assert is_news(TWO, B, None, None)
    assert is_news(TWO, B, ONE, A)
    assert not is_news(TWO, B, TWO, A), "it was said, and its answer is on the way"
    assert not is_news(TWO, B, None, B), "it is held"
    assert not is_news(Version(1, 0), A, None, None), "nothing was published yet"
