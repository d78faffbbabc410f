"""Sets of countries that a policy may name, with the date and the source of each.

Membership is law and changes by treaty: a change is a new row here, and never silent.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hanza.model.errors import Invalid
from hanza.model.site import Country


@dataclass(frozen=True, slots=True)
class CountrySet:
    """Who is a member, since when the list reads so, and who says it."""

    members: frozenset[Country]
    since: str
    source: str


# fmt: off
_EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})
# fmt: on
SETS = {
    "EU": CountrySet(
        _EU, "2020-02-01", "https://european-union.europa.eu/principles-countries-history"
    ),
    "EEA": CountrySet(_EU | {"IS", "LI", "NO"}, "2020-02-01", "https://www.efta.int/eea"),
}


def countries_of(words: Iterable[str], field: str) -> frozenset[Country]:
    """Countries from codes and names of sets.  Raises `Invalid` naming the word that is wrong."""
    found: set[Country] = set()
    for index, word in enumerate(words):
        if word in SETS:
            found |= SETS[word].members
        elif len(word) == 2 and word.isascii() and word.isalpha() and word.isupper():
            found.add(word)
        else:
            raise Invalid(
                f"{word[:40]!r} is neither a country code such as DE nor one of {', '.join(SETS)}",
                field=f"{field}[{index}]",
            )
    return frozenset(found)


def words_of_countries(countries: frozenset[Country]) -> str:
    """The shortest words for a set: `EU`, `EU, CH`, `DE, NL`."""
    for name in ("EEA", "EU"):
        members = SETS[name].members
        if members <= countries:
            return ", ".join([name, *sorted(countries - members)])
    return ", ".join(sorted(countries))
