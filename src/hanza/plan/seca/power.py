"""What start, stop and restart lead to: what was last wished counts, not what was last seen."""

from hanza.model.errors import Conflict
from hanza.model.guest import Power
from hanza.model.instance import Wanted
from hanza.model.kinds import Action


def power_after(action: Action, wanted: Wanted) -> Power:
    """Raises `Conflict` for what is so already, or cannot be from here."""
    name = wanted.address.name
    if wanted.is_ended:
        raise Conflict(f"{name!r} is being deleted")
    if action == "start" and wanted.power == "on":
        raise Conflict(f"{name!r} is on already")
    if action != "start" and wanted.power == "off":
        raise Conflict(f"{name!r} is off")
    return "off" if action == "stop" else "on"


def has_stopped(wanted: Wanted, seen_power: Power | None) -> bool:
    """Whether a restart is half done: its site said that it is off."""
    return wanted.is_restarting and seen_power == "off"
