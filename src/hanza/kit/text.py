"""Text from people and machines we do not know: made fit to be shown, and what was meant by it.

Takes away what moves a cursor, rings a bell or turns the direction of reading; what is left may
still lie, but only in words.
"""

import difflib
import unicodedata
from collections.abc import Iterable

KEPT = "\n\t"
DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Unicode categories: control, format (direction marks), surrogate, private use."""


def harmless(text: str) -> str:
    return "".join(c for c in text if c in KEPT or unicodedata.category(c) not in DANGEROUS)


def one_line(text: str) -> str:
    """Harmless, and without the lines that would look like somebody else's."""
    return " ".join(harmless(text).split())


def meant_by(name: str, known: Iterable[str]) -> str | None:
    """What of the known is nearly called so, as `demo` or `demo or dome`; None for nothing."""
    close = difflib.get_close_matches(name[:200], sorted(known), n=3, cutoff=0.7)
    return " or ".join(close) or None
