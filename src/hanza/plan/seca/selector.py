"""Label selectors: `tier=D2XS,vCPU>=2,*env*!=*prod*`, all of which must hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hanza.kit.stars import is_like
from hanza.model.errors import BadQuery

TERM = re.compile(r"\s*(?P<key>[^=!<>\s]+)\s*(?P<sign>!=|>=|<=|=|>|<)\s*(?P<value>[^=!<>]*?)\s*")
CHARACTERS_MAX = 4096
TERMS_MAX = 32


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison.  `*` in key or value stands for any characters."""

    key: str
    sign: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """Every term must hold."""

    terms: tuple[Term, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(_holds(term, labels) for term in self.terms)


EVERYTHING = Selector()


def selector_from_text(text: str | None) -> Selector:
    """Raises `BadQuery` for what is no selector."""
    if not text:
        return EVERYTHING
    parts = text.split(",")
    if len(text) > CHARACTERS_MAX or len(parts) > TERMS_MAX:
        raise BadQuery(f"a selector has {TERMS_MAX} terms at most", field="labels")
    return Selector(tuple(_term(part) for part in parts))


def _term(text: str) -> Term:
    found = TERM.fullmatch(text)
    if found is None:
        raise BadQuery(f"{text[:64]!r} is not key=value or the like", field="labels")
    term = Term(found["key"], found["sign"], found["value"])
    if term.sign in (">", "<", ">=", "<=") and _number(term.value) is None:
        raise BadQuery(f"{text[:64]!r} compares with what is no number", field="labels")
    return term


def _holds(term: Term, labels: Mapping[str, str]) -> bool:
    values = [value for key, value in labels.items() if is_like(key, term.key)]
    match term.sign:
        case "=":
            return any(is_like(value, term.value) for value in values)
        case "!=":
            return not any(is_like(value, term.value) for value in values)
        case _:
            return any(_compares(value, term) for value in values)


def _compares(value: str, term: Term) -> bool:
    one, other = _number(value), _number(term.value)
    if one is None or other is None:
        return False
    is_so = {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}
    return is_so[term.sign]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
