"""The options of a plane that say how often it is asked, and who made its tokens."""

from typing import Annotated

import typer

from hanza.kit.buckets import Rate
from hanza.model.errors import Invalid

IssuerUrl = Annotated[
    str | None,
    typer.Option(
        help="URL under which others find the keys of our tokens; the same for all planes.",
        envvar="HANZA_ISSUER_URL",
    ),
]
RequestsRate = Annotated[
    str | None,
    typer.Option(
        help="PER-SECOND/AT-ONCE of one user; 0 for no limit.", envvar="HANZA_REQUESTS_RATE"
    ),
]
FailuresRate = Annotated[
    str | None,
    typer.Option(
        help="PER-SECOND/AT-ONCE of one address without a good token; 0 for no limit.",
        envvar="HANZA_FAILURES_RATE",
    ),
]
RATE_MAX = 10**6


def parse_rate(text: str | None, default: Rate, field: str) -> Rate:
    """`100/500`: a hundred a second, five hundred at once.  Raises `Invalid`."""
    if text is None:
        return default
    if text == "0":
        return Rate(0, 0)
    often, _, at_once = text.partition("/")
    try:
        rate = Rate(float(often), int(at_once))
    except ValueError as error:
        hint = "such as 100/500, or 0"
        raise Invalid(f"{text!r} is no rate", field=field, hint=hint) from error
    if not (0 < rate.per_second <= RATE_MAX and 1 <= rate.burst <= RATE_MAX):
        raise Invalid(f"a rate is above 0 and at most {RATE_MAX}", field=field)
    return rate
