"""A chain of stores that joins as a chain would: one spreadsheet, a file each, in a loop."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from hanza.drivers.contract.patience import until
from kit.processes import SECONDS_MAX, LocalLeague

STORES = Path(__file__).parents[2] / "examples/chain/stores.csv"
PROVIDER = "zito"
JOINED_WITHIN_S = 60
"""What the whole of it may take on two processors, from the invitation to the last host."""


def a_program(folder: Path) -> Path:
    """`hanza` as one program, for scripts that are told where it is."""
    program = folder / "hanza"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m hanza.boot.main "$@"\n')
    program.chmod(0o755)
    return program


def join_fleet(league: LocalLeague, stores: Path = STORES) -> tuple[int, float]:
    """How many stores joined, and in how many seconds; every one with real processes."""
    league.ask("provider", "add", PROVIDER, "--title", "Zito d.d.")
    program, files = a_program(league.folder), league.folder / "invitations"
    began = time.monotonic()
    invited = league.ask(
        *("provider", "invite", PROVIDER, "--sites", str(stores)),
        *("--folder", str(files), "--driver", "fake"),
    )
    for one in invited:
        run_file(league, Path(one["file"]), one["site"], program)
        league.start_agent(one["site"])
    until(lambda: len(offered(league)) == len(invited), "every host is offered", SECONDS_MAX)
    return len(invited), time.monotonic() - began


def run_file(league: LocalLeague, file: Path, site: str, program: Path) -> None:
    """As the store's person would, but that all the stores are this one machine."""
    engine = f"state={league.folder / site}.engine"
    done = subprocess.run(
        ["sh", str(file), "--option", engine],
        env={**os.environ, "HANZA": str(program), "HANZA_STATE": str(league.folder / site)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def offered(league: LocalLeague) -> list[str]:
    """The sites whose hosts are offered: what a page of the league shows as there."""
    return [one["site"] for one in league.ask("host", "list") if one["offered"]]
