"""The command `hanza`: a client's commands, and those that run a plane, an agent or the demo.

The latter are loaded when they are called, so that a client starts fast and an agent stays small.
"""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence

from hanza.cli.app import app
from hanza.cli.client import Unreachable
from hanza.cli.render import show_refusal
from hanza.cli.watch import InError, TimedOut
from hanza.model.errors import Refusal

LOADED_WHEN_CALLED = {
    "up": "hanza.boot.up",
    "plane": "hanza.boot.front.command",
    "agent": "hanza.boot.agent",
    "local": "hanza.boot.local",
    "release": "hanza.boot.release",
    "demo": "hanza.boot.demo.commands",
    "support-bundle": "hanza.boot.bundle.command",
}
EXIT_REFUSED = 1
EXIT_UNREACHABLE = 3
EXIT_TIMED_OUT = 4
EXIT_IN_ERROR = 5


def main() -> None:
    """Run one command.

    Exit codes: 0 done, 1 refused, 2 misused, 3 unreachable, 4 timed out, 5 in error, 130
    interrupted; docs/command-line.md tells them.
    """
    for name in _called(sys.argv[1:], os.environ):
        app.add_typer(importlib.import_module(LOADED_WHEN_CALLED[name]).app, name=name)
    try:
        app(prog_name="hanza")
    except Refusal as refusal:
        show_refusal(refusal)
        codes: dict[type[Refusal], int] = {
            Unreachable: EXIT_UNREACHABLE,
            TimedOut: EXIT_TIMED_OUT,
            InError: EXIT_IN_ERROR,
        }
        sys.exit(codes.get(type(refusal), EXIT_REFUSED))


def _called(arguments: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """What to load: what is named anywhere; all of it for completion, and for help of the whole."""
    named = [name for name in LOADED_WHEN_CALLED if name in arguments]
    clients = {one.name for one in app.registered_commands}
    clients |= {one.name for one in app.registered_groups}
    is_of_one = bool(named) or not clients.isdisjoint(arguments)
    if "_HANZA_COMPLETE" in environ or ("--help" in arguments and not is_of_one):
        return list(LOADED_WHEN_CALLED)
    return named


if __name__ == "__main__":
    main()
