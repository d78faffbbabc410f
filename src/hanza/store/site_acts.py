"""What a provider does with its sites: cordon, drain, leave, hours, maintenance; many at once.

Each act is one transaction over all sites that are meant, and twice is once.  A rehearsal does all
of it and takes it back, so what it says is what would be.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import sqlalchemy as sa

from hanza.kit.ids import derived
from hanza.model.errors import HasLeft, HoldsGuests, Invalid, NotFound, SelectionMoved, ShortNotice
from hanza.model.ids import AgentId
from hanza.model.site import Site
from hanza.model.standing import Hours, Standing, Window
from hanza.plan.selection import Selector, is_selected
from hanza.store.agents import revoke_agent
from hanza.store.calendars import announce_maintenance, set_hours
from hanza.store.events import append_event
from hanza.store.guests import count_guests, list_guests, tenants_at_site
from hanza.store.schema import agents, join_tokens, sites
from hanza.store.sites import list_all_sites, list_sites
from hanza.store.standing import get_standing, list_standings, set_standing
from hanza.store.tx import Tx

Act: TypeAlias = Literal[
    "cordon", "uncordon", "drain", "undrain", "leave", "stay", "hours", "maintenance"
]
TIMED = ("drain", "leave")
NOTICE_LEAST = timedelta(days=14)
"""What tenants are given at least before a site leaves on which they have something."""
SHOWN_MAX = 20
"""Of what stands at a site, in the words of a refusal; the list of guests has all of it."""


@dataclass(frozen=True, slots=True)
class Order:
    """An act and what it needs.  `expect` is how many sites were meant when somebody looked."""

    act: Act
    by: str
    why: str = ""
    at: datetime | None = None
    """The deadline of a drain, or the day on which a site leaves."""
    expect: int | None = None
    rehearse: bool = False
    hours: Hours | None = None
    """When they take what is new, for the act `hours`."""
    window: Window | None = None
    """What is announced, for the act `maintenance`; at each site under an id of its own."""
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one site."""

    site: Site
    provider: str
    has_changed: bool
    holds: int
    standing: Standing
    reasons: Sequence[Sequence[str]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class _Case:
    """One site that is meant, with its provider's name and what was said of it before."""

    tx: Tx
    site: Site
    owner: str
    known: Standing
    order: Order
    now: datetime


def act_on_sites(
    tx: Tx, selector: Selector, provider: str | None, order: Order, now: datetime
) -> list[Done]:
    """Do it at every site that is meant, of one provider or of all; all or none.

    Raises `NotFound` for a site that is named and not there, `SelectionMoved`, `HasLeft`,
    `HoldsGuests`, `ShortNotice` and `Invalid`.
    """
    meant = _meant(tx, selector, provider)
    if order.expect is not None and order.expect != len(meant):
        text = f"{len(meant)} sites are meant now, and not {order.expect}"
        raise SelectionMoved(text, hint="look again: --dry-run")
    _refuse_order(order, now)
    with tx.begin_nested() as savepoint:
        changed = [
            _ACTS[order.act](_Case(tx, site, owner, get_standing(tx, site.id), order, now))
            for site, owner in meant
        ]
        ids = [site.id for site, _ in meant]
        standings, counts = list_standings(tx, ids), count_guests(tx, ids)
        done = [
            Done(site, owner, has_changed, counts.get(site.id, 0), *standings[site.id])
            for (site, owner), has_changed in zip(meant, changed, strict=True)
        ]
        if order.rehearse:
            savepoint.rollback()
    return done


def _meant(tx: Tx, selector: Selector, provider: str | None) -> list[tuple[Site, str]]:
    known = [
        (site, owner) for site, owner in list_all_sites(tx) if provider is None or owner == provider
    ]
    named = selector.where.get("site", frozenset())
    # One that has left is a site for whoever names it only: it is in no bulk's way.
    there = {site.id for site, _ in list_sites(tx)} | {
        site.id for site, _ in known if site.name in named
    }
    found = [one for one in known if one[0].id in there and is_selected(selector, *one)]
    lacking = named - {site.name for site, _ in known}
    if lacking:
        raise NotFound(f"there is no site {min(lacking)!r}", field="spec.where.site")
    return found


def _refuse_order(order: Order, now: datetime) -> None:
    if order.act not in TIMED and order.at is not None:
        raise Invalid(f"{order.act} takes no time", field="spec.at")
    if (order.act == "hours") != (order.hours is not None):
        raise Invalid("hours are said with the act hours, and with no other", field="spec.hours")
    if (order.act == "maintenance") != (order.window is not None):
        text = "a window is said with the act maintenance, and with no other"
        raise Invalid(text, field="spec.window")
    if order.at is not None and order.at <= now:
        raise Invalid("this time has passed", field="spec.at")


def _cordon(case: _Case) -> bool:
    _refuse_left(case.site, case.known)
    if case.known.cordoned == case.order.why:
        return False
    words = {"cordoned_at": case.known.cordoned_at or case.now, "cordoned_why": case.order.why}
    set_standing(case.tx, case.site.id, words, case.now)
    _tell(case, "cordoned")
    return True


def _uncordon(case: _Case) -> bool:
    _refuse_left(case.site, case.known)
    if case.known.cordoned is None:
        return False
    set_standing(case.tx, case.site.id, {"cordoned_at": None, "cordoned_why": None}, case.now)
    _tell(case, "uncordoned")
    return True


def _drain(case: _Case) -> bool:
    _refuse_left(case.site, case.known)
    if case.known.draining_since is not None and case.known.drain_by == case.order.at:
        return False
    words: dict[str, object] = {"drain_by": case.order.at, "drain_told": None}
    if case.known.draining_since is None:
        began_with = count_guests(case.tx, [case.site.id]).get(case.site.id, 0)
        words |= {"draining_since": case.now, "drain_began_with": began_with}
    set_standing(case.tx, case.site.id, words, case.now)
    until = "" if case.order.at is None else f" until {case.order.at:%Y-%m-%d %H:%M} UTC"
    _tell(case, "draining")
    _tell_tenants(case, "site.draining", f"{case.site.name} is being emptied{until}")
    return True


def _undrain(case: _Case) -> bool:
    _refuse_left(case.site, case.known)
    if case.known.draining_since is None:
        return False
    nothing = dict.fromkeys(("draining_since", "drain_by", "drain_began_with", "drain_told"))
    set_standing(case.tx, case.site.id, nothing, case.now)
    _tell(case, "undrained")
    _tell_tenants(case, "site.undrained", f"{case.site.name} is not being emptied any more")
    return True


def _leave(case: _Case) -> bool:
    """Give notice with a day, or go: at once where nothing stands, else when the day has come."""
    if case.known.left_at is not None:
        return False
    if case.order.at is not None:
        return _give_notice(case)
    standing = count_guests(case.tx, [case.site.id]).get(case.site.id, 0)
    is_due = case.known.leave_at is not None and case.known.leave_at <= case.now
    if standing and not is_due:
        raise HoldsGuests(
            _words_of_guests(case.tx, case.site, standing, case.known), hint=_hint(case.known)
        )
    for agent in case.tx.scalars(
        sa.select(agents.c.id).where(agents.c.site_id == case.site.id)
    ).all():
        revoke_agent(case.tx, AgentId(agent), case.now)
    open_ = sa.and_(join_tokens.c.site_id == case.site.id, join_tokens.c.used_at.is_(None))
    case.tx.execute(sa.update(join_tokens).where(open_).values(revoked_at=case.now))
    _tell_tenants(case, "site.left", f"{case.site.name} has left the federation")
    case.tx.execute(sa.update(sites).where(sites.c.id == case.site.id).values(left_at=case.now))
    set_standing(case.tx, case.site.id, {}, case.now)
    _tell(case, "left")
    return True


def _give_notice(case: _Case) -> bool:
    at = case.order.at
    assert at is not None, "notice names a day"
    if case.known.leave_at == at:
        return False
    # Who was told a day is not told an earlier one; without anything there nobody minds.
    given = case.known.leaving_since or case.now
    least = max(given + NOTICE_LEAST, case.known.leave_at or given)
    if at < least and count_guests(case.tx, [case.site.id]).get(case.site.id, 0):
        text = (
            f"{case.site.name} may not leave before {least:%Y-%m-%d %H:%M} UTC: tenants stand there"
        )
        raise ShortNotice(text, field="spec.at", hint=f"give {NOTICE_LEAST.days} days at least")
    set_standing(case.tx, case.site.id, {"leaving_since": given, "leave_at": at}, case.now)
    _tell(case, "leaving")
    text = (
        f"{case.site.name} leaves the federation on {at:%Y-%m-%d}; what stands there then is lost"
    )
    _tell_tenants(case, "site.leaving", text)
    return True


def _stay(case: _Case) -> bool:
    """Take a notice back."""
    _refuse_left(case.site, case.known)
    if case.known.leave_at is None:
        return False
    set_standing(case.tx, case.site.id, {"leaving_since": None, "leave_at": None}, case.now)
    _tell(case, "staying")
    _tell_tenants(case, "site.staying", f"{case.site.name} does not leave after all")
    return True


def _set_hours(case: _Case) -> bool:
    _refuse_left(case.site, case.known)
    hours = case.order.hours
    assert hours is not None, "refused before"
    return set_hours(case.tx, case.site, case.owner, hours, case.order.by, case.now)


def _announce(case: _Case) -> bool:
    _refuse_left(case.site, case.known)
    order, window = case.order, case.order.window
    assert window is not None, "refused before"
    own = replace(window, id=derived("mw", window.id, case.site.id))
    kept = announce_maintenance(
        case.tx, case.site, case.owner, own, order.by, case.now, is_urgent=order.is_urgent
    )
    return kept.id == own.id


_ACTS: Mapping[Act, Callable[[_Case], bool]] = {
    "cordon": _cordon,
    "uncordon": _uncordon,
    "drain": _drain,
    "undrain": _undrain,
    "leave": _leave,
    "stay": _stay,
    "hours": _set_hours,
    "maintenance": _announce,
}


def _refuse_left(site: Site, known: Standing) -> None:
    if known.left_at is not None:
        raise HasLeft(f"{site.name} has left the federation", field="spec.where")


def _words_of_guests(tx: Tx, site: Site, standing: int, known: Standing) -> str:
    some = list_guests(tx, [site.id])[:SHOWN_MAX]
    named = ", ".join(f"{one.kind} {one.id} of {one.tenant}" for one in some)
    more = "" if standing <= SHOWN_MAX else f" and {standing - SHOWN_MAX} more"
    until = "" if known.leave_at is None else f" until {known.leave_at:%Y-%m-%d %H:%M} UTC"
    return f"{standing} things stand at {site.name}{until}: {named}{more}"


def _hint(known: Standing) -> str:
    if known.leave_at is None:
        return f"give their tenants notice, {NOTICE_LEAST.days} days at least: --on DAY"
    return "wait until the day that was told, or until they are gone"


_WORDS = {
    "cordoned": "is cordoned",
    "uncordoned": "is cordoned no longer",
    "draining": "is being emptied",
    "undrained": "is being emptied no longer",
    "leaving": "will leave the federation",
    "staying": "stays after all",
    "left": "has left the federation",
}


def _tell(case: _Case, word: str) -> None:
    why = f": {case.order.why}" if case.order.why else ""
    text = f"{case.site.name} {_WORDS[word]}, by {case.order.by}{why}"
    append_event(case.tx, case.now, f"site.{word}", case.site.name, text, provider=case.owner)


def _tell_tenants(case: _Case, kind: str, text: str) -> None:
    for tenant in tenants_at_site(case.tx, case.site.id):
        append_event(case.tx, case.now, kind, case.site.name, text, tenant)
