"""Whether a demo is there: whole, in part, or not at all."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from hanza.boot.demo import plane
from hanza.boot.demo.settings import Demo
from hanza.boot.lab import lab
from hanza.boot.lab.lab import Left
from hanza.boot.lab.process import marked

Condition: TypeAlias = Literal["whole", "part", "nothing"]


def roles_of(demo: Demo) -> set[str]:
    """What must run for the demo to be whole."""
    at_sites = {f"{site.name}.{what}" for site in demo.sites for what in ("libvirtd", "agent")}
    return {plane.ROLE} | at_sites


def condition_of(left: Left, wanted: set[str], running: Iterable[str], *, ready: bool) -> Condition:
    """Decides from what was found; pure."""
    if left.is_nothing:
        return "nothing"
    return "whole" if ready and wanted <= set(running) else "part"


def look(demo: Demo) -> Condition:
    running = {process.role for process in marked(demo.place.prefix)}
    left = lab.look(demo.place)
    return condition_of(left, roles_of(demo), running, ready=demo.ready.exists())
