"""Which sites are meant: the selector of bulk acts, such as `country=PL,class=store`.

Values of one key widen, several keys narrow.  A selector that says nothing selects nothing: to
mean all sites one has to say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hanza.model.errors import Invalid
from hanza.model.site import Site

KEYS = ("site", "provider", "country", "city", "class")


@dataclass(frozen=True, slots=True)
class Selector:
    """By key, the values of which a site has one.  `is_all` has to be said."""

    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_all: bool = False


def parse_selector(text: str) -> dict[str, list[str]]:
    """From `country=PL,class=store,class=kiosk`.  Raises `Invalid`."""
    found: dict[str, list[str]] = {}
    for one in text.split(","):
        key, separator, value = (part.strip() for part in one.partition("="))
        if not separator or not value or key not in KEYS:
            text_ = f"{one.strip()!r} is not KEY=VALUE, with KEY one of {', '.join(KEYS)}"
            raise Invalid(text_, field="where")
        found.setdefault(key, []).append(value)
    return found


def selector_of(where: Mapping[str, Sequence[str]], *, is_all: bool) -> Selector:
    """Raises `Invalid` for one that names nothing, or something that no site has."""
    for key in where:
        if key not in KEYS:
            raise Invalid(f"{key!r} is not one of {', '.join(KEYS)}", field="spec.where")
    said = {key: frozenset(values) for key, values in where.items() if values}
    if not said and not is_all:
        hint = "name sites, or say that all are meant"
        raise Invalid("the selector names no site", field="spec.where", hint=hint)
    if said and is_all:
        raise Invalid("either all sites or some of them", field="spec.where")
    return Selector(said, is_all)


def is_selected(selector: Selector, site: Site, provider: str) -> bool:
    facts = {
        "site": site.name,
        "provider": provider,
        "country": site.country,
        "city": site.city,
        "class": site.site_class,
    }
    return matches(selector, facts)


def matches(selector: Selector, facts: Mapping[str, str | None]) -> bool:
    """Whether a site of which this is known is meant; `facts` has every key."""
    return all(facts[key] in values for key, values in selector.where.items())
