"""What happened at a site between two looks, and in the time when nobody looked.  Pure.

Only what was seen is said.  The time between an agent's last sign of life and its next start is
a gap: it is told as unknown, and never filled.
"""

from datetime import datetime

from hanza.model.local import Happening
from hanza.model.report import Seen, View

WORDS = {
    "guest.off": "was found off",
    "guest.on": "runs",
    "guest.gone": "is gone from its engine",
    "guest.back": "is there",
}


def happened(before: View | None, after: View, now: datetime) -> tuple[Happening, ...]:
    """Nothing when there was no look before: what changed until then is not known."""
    if before is None:
        return ()
    told: list[Happening] = []
    if before.trouble is None and after.trouble is not None:
        told.append(Happening(now, "engine.lost", "", f"the engine is lost: {after.trouble.text}"))
    if before.trouble is not None and after.trouble is None:
        told.append(Happening(now, "engine.back", "", "the engine is back"))
    known = {seen.mark: seen for seen in before.seen}
    for seen in after.seen:
        kind = _change(known.get(seen.mark), seen)
        if kind is not None:
            owner = seen.mark.owner
            told.append(Happening(now, kind, owner, f"guest {owner} {WORDS[kind]}"))
    return tuple(told)


def _change(before: Seen | None, after: Seen) -> str | None:
    if before is None or "unknown" in (before.presence, after.presence):
        return None
    if before.presence != after.presence:
        if after.presence == "absent":
            return "guest.gone"
        return "guest.on" if after.power == "on" else "guest.back"
    if before.power == after.power:
        return None
    return "guest.on" if after.power == "on" else "guest.off"


def began(last_sign: datetime | None, now: datetime, *, is_new_boot: bool) -> Happening | None:
    """What an agent's start says of the time before it; None for the very first start."""
    if last_sign is None:
        return None
    how = "the machine has booted and its agent" if is_new_boot else "the agent"
    if now < last_sign:
        gap = f"the clock went back from {clock(last_sign)}, so how long nobody looked is unknown"
    else:
        gap = f"what happened from {clock(last_sign)} to {clock(now)} is unknown"
    return Happening(now, "agent.began", "", f"{how} began again; {gap}")


def clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
