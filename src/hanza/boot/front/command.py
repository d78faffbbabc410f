"""`hanza plane`: what stands behind a front, and another process in its place."""

import os
import signal
import time
from pathlib import Path
from typing import Annotated

import typer

from hanza.boot.front.status import Status, status_of
from hanza.cli.client import default_state
from hanza.cli.options import OutputOption
from hanza.cli.render import Output, show_one
from hanza.cli.watch import TimedOut
from hanza.model.errors import Conflict

app = typer.Typer(no_args_is_help=True, help="A plane on this machine, behind its front.")
LOOK_EVERY_S = 0.1
RESTART_S = 120.0
State = Annotated[
    Path | None, typer.Option(help="The plane's folder of keys and data.", envvar="HANZA_STATE")
]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for the new process.", min=1)]


@app.command("status")
def show_status(state: State = None, output: OutputOption = Output.table) -> None:
    """Show who holds the addresses, which process serves, and how often one was started."""
    folder, status = _found(state)
    record = {**_shown(status), "state": str(folder)}
    show_one(record, output, _words(status))


@app.command()
def restart(
    state: State = None, timeout: Timeout = RESTART_S, output: OutputOption = Output.table
) -> None:
    """Bring a new process to the same addresses, without a connection refused."""
    folder, before = _found(state)
    began = time.monotonic()
    os.kill(before.pid, signal.SIGHUP)
    while time.monotonic() - began < timeout:
        time.sleep(LOOK_EVERY_S)
        _, now = _found(folder)
        if now.phase == "serving" and now.plane != before.plane:
            took = time.monotonic() - began
            record = {**_shown(now), "state": str(folder), "seconds": round(took, 1)}
            show_one(record, output, f"{_words(now)}, {took:.1f} s after it was asked for")
            return
        if now.not_begun > before.not_begun and now.plane == before.plane:
            raise Conflict(
                "the new process ended before it could begin; the one before goes on",
                hint="its own words are in the plane's log",
            )
    raise TimedOut(
        f"no other process serves after {timeout:.0f} s",
        hint="`hanza plane status` and the plane's log tell more",
    )


def _found(state: Path | None) -> tuple[Path, Status]:
    folder = (state or default_state()).resolve()
    status = status_of(folder)
    if status is None:
        raise Conflict(
            f"no plane runs behind a front from {folder}",
            hint="`hanza up` starts one; name its folder with --state",
        )
    return folder, status


def _shown(status: Status) -> dict[str, object]:
    return {
        "front": status.pid,
        "plane": status.plane,
        "phase": status.phase,
        "starts": status.starts,
        "answered503": status.answered,
    }


def _words(status: Status) -> str:
    who = "no process" if status.plane is None else f"process {status.plane}"
    return f"front {status.pid}: {who} is {status.phase}"
