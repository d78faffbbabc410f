"""`hanza local`: what a site's own people ask of its agent and tell it, with or without a plane.

It speaks to the agent that runs, through a socket in the agent's folder; what is only read is told
from the folder where no agent runs.  It needs no token: who may use the folder may use this.
"""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from hanza.agent.door import ask
from hanza.agent.journal import identity_of, load_manifest, load_stops
from hanza.agent.local import Answer, Known, Request, Word, entry_of, explanation_of, status_of
from hanza.cli.options import OutputOption
from hanza.cli.render import Output, show, show_one
from hanza.cli.update_rules import ConsentWord
from hanza.model.errors import Refusal, Unavailable
from hanza.plan.local import standing

DEFAULT_STATE = Path("/var/lib/hanza-agent")
COLUMNS = ("instance", "name", "wanted", "power", "boot", "why")
app = typer.Typer(
    name="local",
    help="This site's agent: what runs here, stopped and started by its own people.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
State = Annotated[
    Path,
    typer.Option("--state", help="The agent's folder.", envvar="HANZA_AGENT_STATE"),
]
Guest = Annotated[str, typer.Argument(help="An instance's id, or its name where only one has it.")]


@app.command("status")
def status_command(state: State = DEFAULT_STATE, output: OutputOption = Output.table) -> None:
    """What runs here, what the plane wants, and whether a plane is there."""
    record = _asked(state, Request("status")) or status_of(_known(state))
    if output is Output.json:
        show_one(record, output, "")
        return
    linked = {True: "a plane is there", False: "no plane is there", None: "the agent does not run"}
    typer.echo(f"site {record['site']}, agent {record['agent']}: {linked[record['linked']]}")
    typer.echo(f"manifest {record['manifest'] or '-'}, engine {record['engine'] or 'unknown'}")
    if record["heldEndings"]:
        confirm = f"hanza site confirm {record['site']}"
        typer.echo(f"endings held back until somebody confirms them: {record['heldEndings']}")
        typer.echo(f"  look why; if it is meant, the provider says: {confirm}")
    if record.get("disk"):
        typer.echo(f"its disk takes nothing: {record['disk']}; it goes on with this manifest")
    guests = [{**one, "why": one["stopped"] or one["problem"]} for one in record["guests"]]
    show(guests, COLUMNS, output, "no guest is wanted here")


@app.command("explain")
def explain_command(
    guest: Guest, state: State = DEFAULT_STATE, output: OutputOption = Output.table
) -> None:
    """Why a guest is as it is.  Changes nothing."""
    record = _asked(state, Request("explain", guest))
    if record is None:
        known = _known(state)
        record = explanation_of(known, entry_of(known, guest))
    show_one(record, output, "\n".join(record["why"]))


@app.command("stop")
def stop_command(
    guest: Guest,
    reason: Annotated[str, typer.Option(help="Why, in words that its owner is told.")] = "",
    state: State = DEFAULT_STATE,
    output: OutputOption = Output.table,
) -> None:
    """Power a guest off, and keep it off until `start` here or another order of the plane."""
    _order(state, Request("stop", guest, reason), output, "is stopped here")


@app.command("start")
def start_command(
    guest: Guest, state: State = DEFAULT_STATE, output: OutputOption = Output.table
) -> None:
    """Lift a stop that was made here."""
    _order(state, Request("start", guest), output, "is as the plane wants it")


@app.command("strangers")
def strangers_command(state: State = DEFAULT_STATE, output: OutputOption = Output.table) -> None:
    """Guests here that are not the federation's, and whether they may be adopted."""
    _show_strangers(state, Request("strangers"), output)


@app.command("adopt")
def adopt_command(
    guest: Annotated[str, typer.Argument(help="Its id at the engine, or its name.")],
    *,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take that back.")] = False,
    state: State = DEFAULT_STATE,
    output: OutputOption = Output.table,
) -> None:
    """Let the federation adopt a guest of this machine, in place: `hanza site adopt` does it.

    Without this word no plane can take a guest that it has not made.
    """
    _show_strangers(state, Request("keep" if withdraw else "adopt", guest), output)


@app.command("updates")
def updates_command(
    consent: Annotated[
        ConsentWord | None, typer.Option(help="By themselves, on a word each, or never.")
    ] = None,
    allow: Annotated[
        str, typer.Option(help="Say yes to this version, also where it was given up before.")
    ] = "",
    pin: Annotated[str, typer.Option(help="Have this key's signatures count.")] = "",
    unpin: Annotated[str, typer.Option(help="Have them count no more.")] = "",
    state: State = DEFAULT_STATE,
    output: OutputOption = Output.table,
) -> None:
    """Which release runs, and which may come: without options it is only shown.

    No plane can change this, and none is asked.
    """
    word = "" if consent is None else consent.value
    request = Request("updates", consent=cast(Word, word), version=allow, pin=pin, unpin=unpin)
    record = _asked(state, request)
    if record is None:
        raise Unready(state)
    words = {
        name: ", ".join(value) if isinstance(value, list) else value
        for name, value in record.items()
    }
    show_one(record, output, "\n".join(f"{name:<10} {one or '-'}" for name, one in words.items()))


def _show_strangers(state: Path, request: Request, output: Output) -> None:
    record = _asked(state, request)
    if record is None:
        raise Unready(state)
    columns = ("native", "name", "cpus", "memoryMiB", "diskMiB", "power", "adoptable")
    show(record["strangers"], columns, output, "no other guest is here")


def _order(state: Path, request: Request, output: Output, sentence: str) -> None:
    record = _asked(state, request)
    if record is None:
        identity_of(state)
        raise Unready(state)
    show_one(record, output, f"{record['instance']} ({record['name']}) {sentence}")


class Unready(Refusal):
    """Only an agent that runs can stop and start guests."""

    code = "not_running"

    def __init__(self, state: Path) -> None:
        super().__init__(
            f"no agent runs with {state}",
            hint="start it first: systemctl start hanza-agent, or hanza agent run",
        )


def _asked(state: Path, request: Request) -> dict[str, Any] | None:
    """None when no agent runs there."""
    try:
        answer = ask(state, request)
    except Unavailable:
        return None
    if answer.record is None:
        raise _told(answer)
    return answer.record


def _told(answer: Answer) -> Refusal:
    """What the agent has refused, under its own code."""
    kind: type[Refusal] = type("Refused", (Refusal,), {"code": answer.code})
    return kind(answer.text, hint=answer.hint)


def _known(state: Path) -> Known:
    identity = identity_of(state)
    manifest = load_manifest(state, identity)
    return Known(identity, manifest, standing(manifest, load_stops(state)))
