"""What the tenant is shown, derived from what was wanted and what was seen.

*Active* means that the guest is defined at its site; *power* on, that its process runs; *boot*,
whether it was heard on its serial port.  Nothing here is stored twice: shown is always derived.
"""

from dataclasses import replace

from hanza.model.instance import Shown, State, Wanted
from hanza.model.report import Problem, Seen

LASTING = frozenset({"driver.unsupported", "driver.rejected", "volume.lost"})
"""Problems that only the tenant can end: shown as an error, not as something under way."""
SILENT = "guest.silent"
SILENCE = (
    "it is on, and its serial port has said nothing for as long as a boot may take: "
    "it may never boot; hanza logs and hanza console show what it says, once it does"
)


def shown_of(
    wanted: Wanted,
    is_held: bool,
    seen: Seen | None,
    waiting_for: Problem | None,
    lost: Problem | None = None,
    *,
    is_leaving: bool = False,
) -> Shown:
    """Derive what is shown.  `waiting_for` is why placement has found no room yet.

    `lost` is why nobody will hear of it again: whether it runs is then unknown, whatever was
    seen last.  `is_leaving`: the run that was seen ends so that another begins, and is not what
    was asked for.
    """
    if lost is not None:
        state: State = "deleting" if wanted.is_ended else "error"
        return Shown(state, None, "unknown", reason=lost.text, reason_code=lost.code)
    problem = _problem(is_held, seen, waiting_for)
    is_there = is_held and seen is not None and seen.presence == "present"
    is_present = is_there and not is_leaving
    shown = Shown(
        state=_state(wanted, is_held, is_present, problem),
        power=seen.power if is_present and seen else None,
        boot=seen.boot if is_present and seen else "unknown",
        reason=problem.text if problem else None,
        reason_code=problem.code if problem else None,
    )
    if problem is None and shown.boot == "silent":
        return replace(shown, reason=SILENCE, reason_code=SILENT)
    return shown


def _problem(is_held: bool, seen: Seen | None, waiting_for: Problem | None) -> Problem | None:
    if not is_held:
        return waiting_for
    return seen.problem if seen else None


def _state(wanted: Wanted, is_held: bool, is_present: bool, problem: Problem | None) -> State:
    if wanted.is_ended:
        return "deleting"
    if is_present:
        return "active"
    if problem is not None and problem.code in LASTING:
        return "error"
    return "creating" if is_held else "pending"


def sentence_of(name: str, shown: Shown) -> str:
    """What is shown of it, for the feed of events."""
    if shown.reason is not None:
        return f"{name} is {shown.state}: {shown.reason}"
    if shown.power is None:
        return f"{name} is {shown.state}"
    heard = ", and has booted" if shown.boot == "seen" else ""
    return f"{name} is {shown.state}, its power is {shown.power}{heard}"
