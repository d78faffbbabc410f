"""`hanza demo up | down | status`.

Promises: nothing is started or installed before the machine was found fit; up on a demo that is
up shows it, and on half a demo cleans first; an interruption before "ready" ends and removes
everything and exits 130; down leaves nothing, or fails and says what is left.
"""

import shutil
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from hanza.boot.demo import acts, condition, fitness, plane, settings, table, visits
from hanza.boot.demo.settings import Demo
from hanza.boot.demo.steps import Steps
from hanza.boot.demo.up import up as bring_up
from hanza.boot.demo.where import Prefix, State, place_of, refuse
from hanza.boot.lab import lab
from hanza.boot.lab.process import LabError
from hanza.cli.render import silence_of

INTERRUPTED = 130
FURTHER = """
See it         {web}
Look further   export HANZA_CONTEXT={context}
               {hanza} status | logs NAME | destroy NAME | site list
Cut a site     {hanza} demo plug pull {site}    (plug in: plugs it in again)
Logs           {logs}
End it         make demo-down   (or: {hanza} demo down)"""

app = typer.Typer(no_args_is_help=True, help="Six sites with real guests, on this machine.")
app.add_typer(acts.plug, name="plug")
app.command("ask-forbidden")(acts.ask_forbidden)
app.command("move-rule")(acts.move_rule)
app.command("visit")(visits.visit)

Cache = Annotated[Path, typer.Option(help="What is kept for the next time, such as the image.")]
Port = Annotated[int, typer.Option(help="The plane's port.")]
Address = Annotated[str, typer.Option(help="The plane's address as the sites see it.")]
Application = Annotated[Path, typer.Option("--app", help="What to run.")]
Purge = Annotated[bool, typer.Option("--purge", help="Remove the cache too.")]


@app.command()
def up(
    state: State = settings.STATE,
    prefix: Prefix = settings.PREFIX,
    cache: Cache = settings.CACHE,
    port: Port = settings.PORT,
    address: Address = str(settings.PLANE),
    application: Application = settings.APP,
) -> None:
    """Bring six sites up, and run the example at them."""
    place = place_of(prefix, state, address)
    demo = Demo(place, cache.absolute(), port, application.absolute())
    steps = Steps(sys.stdout)
    try:
        with lab.alone(place):
            rows = up_or_found(demo, steps)
    except LabError as error:
        refuse(f"{error}")
    show(demo, rows, steps)


@app.command()
def down(
    state: State = settings.STATE,
    prefix: Prefix = settings.PREFIX,
    cache: Cache = settings.CACHE,
    purge: Purge = False,
) -> None:
    """End the demo, and leave nothing of it but a cache for the next time."""
    demo = Demo(place_of(prefix, state), cache.absolute())
    if not fitness.is_root():
        refuse("The demo runs as root: end it as root or with sudo.")
    try:
        with lab.alone(demo.place):
            was = lab.down(demo.place)
    except LabError as error:
        refuse(f"{error}")
    if was.is_nothing:
        typer.echo("There is no demo here.")
    else:
        typer.echo(
            f"Ended {len(was.processes)} processes at {len(was.namespaces)} sites; "
            "nothing of the demo is left."
        )
    if purge:
        shutil.rmtree(demo.cache, ignore_errors=True)
    elif demo.cache.is_dir():
        typer.echo(f"Kept for the next time: {demo.cache} (removed by: hanza demo down --purge).")


@app.command()
def status(state: State = settings.STATE, prefix: Prefix = settings.PREFIX) -> None:
    """Say whether the demo is there, and what runs where."""
    demo = Demo(place_of(prefix, state))
    if not fitness.is_root():
        refuse("The demo runs as root: look at it as root or with sudo.")
    try:
        how = condition.look(demo)
        if how != "whole":
            typer.echo(SAID[how])
            raise typer.Exit(1)
        show(demo, plane.rows(demo), Steps(sys.stdout))
    except LabError as error:
        refuse(f"{error}")


SAID = {
    "nothing": "There is no demo here; begin with: make demo",
    "part": "Only a part of the demo runs; begin anew with make demo, or end it with: "
    "make demo-down",
}


def up_or_found(demo: Demo, steps: Steps) -> plane.Rows:
    if not fitness.is_root():
        refuse(fitness.NOT_ROOT)
    how = condition.look(demo)
    if how == "whole":
        steps.say("The demo is already running.\n")
        return plane.rows(demo)
    if how == "part":
        with steps.step("half a demo was here: ended and removed"):
            lab.down(demo.place)
    reasons = fitness.refusals_here(demo)
    if reasons:
        refuse("\n".join(reasons))
    rows = interruptible(demo, steps)
    steps.say(f"\nReady after {steps.elapsed_s:.1f} s.\n")
    return rows


def interruptible(demo: Demo, steps: Steps) -> plane.Rows:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return bring_up(demo, steps)
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        steps.say("Interrupted: ending what was started.")
        lab.down(demo.place)
        raise typer.Exit(INTERRUPTED) from None
    except LabError as error:
        raise LabError(
            f"{error}\nWhat was started is left for looking: logs in {demo.place.logs}; "
            "end it with make demo-down."
        ) from error


def show(demo: Demo, rows: plane.Rows, steps: Steps) -> None:
    silent = silence_of(rows)
    said = ("", *table.lines(rows, table.SAID))
    for line in (
        *table.lines(plane.explained(demo, rows)),
        *(["", *silent] if silent else ()),
        *said,
    ):
        steps.say(line)
    site = demo.sites[0]
    steps.say(
        FURTHER.format(
            hanza=Path(sys.executable).with_name("hanza"),
            web=plane.web_of(demo),
            context=demo.context,
            site=site.name,
            logs=demo.place.logs,
        )
    )
