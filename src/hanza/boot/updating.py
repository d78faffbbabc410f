"""How an agent comes to be updated: the part that does it, and what lets it go back."""

import os
import sys
import threading
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from hanza.agent.diary import Diary
from hanza.agent.fetch import Fetch
from hanza.agent.journal import Journal, identity_of
from hanza.agent.link import Link
from hanza.agent.local import Local
from hanza.agent.slots import launched_from
from hanza.agent.updates import Machine, Updates
from hanza.kit.clock import Clock
from hanza.kit.platform_tag import platform_tag

BACK_WITHIN_S, KEEP_FOR_S = 600.0, 120.0
State = Annotated[Path, typer.Option("--state", help="The agent's folder.", file_okay=False)]
Flags = Annotated[
    list[str] | None,
    typer.Argument(help="Options of hanza agent run, after --.", metavar="[-- OPTION]..."),
]


def launch_command(
    state: State,
    back_within: Annotated[
        float, typer.Option(help="Seconds until an update has to have kept its link.", min=1)
    ] = BACK_WITHIN_S,
    keep_for: Annotated[
        float, typer.Option(help="Seconds for which it has to keep it.", min=0)
    ] = KEEP_FOR_S,
    flags: Flags = None,
) -> NoReturn:
    """Run the agent so that it can be updated, and goes back where that does not work.

    It is what init starts in the place of hanza agent run.
    """
    identity_of(state)
    words = [str(state), str(back_within), str(keep_for), *(flags or [])]
    # A process of its own code alone, which stays small for as long as the site stands.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "hanza.agent.launcher", *words])


def updates_of(
    journal: Journal, fetch: Fetch, diary: Diary, clock: Clock, environ: Mapping[str, str]
) -> Updates:
    machine = Machine(version("hanza"), platform_tag(), launched_from(environ))
    return Updates(journal, machine, fetch, diary, clock)


def join_updates(updates: Updates, link: Link, local: Local, stop: threading.Event) -> None:
    """Let it see the link, end the agent, and be asked by the site's people."""

    def end() -> None:
        stop.set()
        updates.wake.set()

    updates.is_linked = lambda: link.is_linked and local.view is not None
    updates.end = end
    updates.hint = lambda: local.hint()
    local.updates = updates.ask
