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

_ISO = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO
BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ
DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP
GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG
KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML
MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE
PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL
SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM
US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
CODES: frozenset[Country] = frozenset(_ISO.split())
"""Officially assigned by ISO 3166-1, 2024-12; what is not here may be assigned one day."""
NICKNAMES = {"UK": "GB", "EL": "GR"}


def check_code(word: str, field: str) -> Country:
    """Raises `Invalid` for what is no country's code today."""
    if word in CODES:
        return word
    hint = meant_by_code(word)
    raise Invalid(f"no country has the code {word[:40]!r}", field=field, hint=hint)


def meant_by_code(word: str) -> str | None:
    """`perhaps GB` for `UK`; None where nothing is known."""
    upper = word.strip().upper()
    meant = NICKNAMES.get(upper, upper)
    return f"perhaps {meant}" if meant in CODES else None


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
