"""Text from people and machines we do not know, made fit to be shown.

Takes away what moves a cursor, rings a bell or turns the direction of reading; what is left may
still lie, but only in words.
"""

import unicodedata

KEPT = "\n\t"
DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Unicode categories: control, format (direction marks), surrogate, private use."""


def harmless(text: str) -> str:
    return "".join(c for c in text if c in KEPT or unicodedata.category(c) not in DANGEROUS)
