"""Whether a site takes what is new, why not, and until when that is so.

Everything that a provider may say of a site comes down to this one answer.  It is written to the
site's hosts when it changes (`store/standing`), so that placement reads one flag and no calendar.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from hanza.model.standing import Hours, Offer, Reason, Standing, Window

CORDONED, DRAINING, SUSPENDED = "site.cordoned", "site.draining", "provider.suspended"
LEAVING, LEFT = "site.leaving", "site.left"
CLOSED, MAINTENANCE = "site.closed", "site.maintenance"
_WEEK = 7


def offered(standing: Standing, zone: tzinfo, now: datetime) -> Offer:
    """`zone` is the one that the site's hours name.  Aware times only."""
    reasons = (*_said(standing), *_by_calendar(standing, zone, now))
    moments = (*_boundaries(standing.hours, zone, now), *_edges(standing.windows))
    later = [one for one in moments if one > now]
    return Offer(reasons, min(later, default=None))


def is_open(hours: Hours, zone: tzinfo, now: datetime) -> bool:
    if not hours.openings:
        return True
    return any(begins <= now < ends for begins, ends in _times(hours, zone, now))


def _said(standing: Standing) -> Iterator[Reason]:
    if standing.left_at is not None:
        yield Reason(LEFT, "has left the federation")
    elif standing.leave_at is not None:
        yield Reason(LEAVING, f"leaves the federation on {_day(standing.leave_at)}")
    if standing.suspended is not None:
        yield Reason(SUSPENDED, _because("is of a provider that takes a pause", standing.suspended))
    if standing.draining_since is not None:
        by = "" if standing.drain_by is None else f" until {_moment(standing.drain_by)}"
        yield Reason(DRAINING, f"is being emptied{by}")
    if standing.cordoned is not None:
        yield Reason(CORDONED, _because("is cordoned by its provider", standing.cordoned))


def _by_calendar(standing: Standing, zone: tzinfo, now: datetime) -> Iterator[Reason]:
    for one in standing.windows:
        if one.begins_at <= now < one.ends_at:
            text = f"has maintenance until {_moment(one.ends_at)}"
            yield Reason(MAINTENANCE, _because(text, one.text))
    if not is_open(standing.hours, zone, now):
        opens = min(one for one in _boundaries(standing.hours, zone, now) if one > now)
        yield Reason(CLOSED, f"takes nothing new before {_moment(opens)}")


def _times(hours: Hours, zone: tzinfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every opening from the day before yesterday to a week and a day from now, in UTC."""
    today = now.astimezone(zone).date()
    for ahead in range(-2, _WEEK + 2):
        day = today + timedelta(days=ahead)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        for one in hours.openings:
            if day.weekday() in one.days:
                # Minutes by the wall: on the day of a change of clocks a day has 23 hours or 25.
                begins, ends = (midnight + timedelta(minutes=m) for m in (one.begins, one.ends))
                yield begins.astimezone(UTC), ends.astimezone(UTC)


def _boundaries(hours: Hours, zone: tzinfo, now: datetime) -> Iterator[datetime]:
    for begins, ends in _times(hours, zone, now):
        yield begins
        yield ends


def _edges(windows: Sequence[Window]) -> Iterator[datetime]:
    for one in windows:
        yield one.begins_at
        yield one.ends_at


def _because(text: str, why: str) -> str:
    return f"{text}: {why}" if why else text


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
