import pytest

from hanza.kit.text import harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, čšž, 日本\n\tx", "plain, čšž, 日本\n\tx"),
        ("\x1b[2J\x1b]0;owned\x07gone", "[2J]0;ownedgone"),
        ("a\0b\rc\x9bd", "abcd"),
        ("\u202egnp.exe\u2066", "gnp.exe"),
        ("\ud800x", "x"),
    ],
)
def test_only_words_are_left(text: str, shown: str) -> None:
    assert harmless(text) == shown
