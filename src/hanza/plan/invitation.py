"""Which of many stores get a join token, and what taking it back does: pure.

Promises: asking twice gives no second token, unless it is asked for by name, and a store that
has joined gets none either way.  It makes no token and knows no secret.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["invited", "renewed", "waiting", "lapsed", "joined"]
"""*invited*: a first token; *renewed*: a new one, and any that was open is revoked.  No token for
the others: *waiting* has an open one, *lapsed* has had one that is too old, revoked or used by an
agent that was revoked, *joined* has an agent."""
Withdrawal: TypeAlias = Literal["removed", "revoked", "joined", "unknown"]
"""*removed*: the site is gone, for nobody ever joined there; *revoked*: its open tokens are;
*joined*: left as it is, since its agent is at work; *unknown*: there is no such site."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a site that is to be invited."""

    has_agent: bool
    """One that is not revoked."""
    had_agent: bool
    has_open_token: bool
    has_closed_token: bool


STRANGER = Standing(False, False, False, False)


def outcome_of(standing: Standing, *, renew: bool) -> Outcome:
    """What an invitation comes to."""
    if standing.has_agent:
        return "joined"
    if standing.has_open_token:
        return "renewed" if renew else "waiting"
    if standing.has_closed_token:
        return "renewed" if renew else "lapsed"
    return "invited"


def withdrawal_of(standing: Standing | None) -> Withdrawal:
    """What taking the invitation back comes to; None stands for a site that is not there."""
    if standing is None:
        return "unknown"
    if standing.has_agent:
        return "joined"
    return "revoked" if standing.had_agent else "removed"
