"""`hanza up --federation` as a process, for tests that look at it from outside."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanza.drivers.contract.patience import until
from kit.processes import SECONDS_MAX, Process, free_port, hanza

FILE = Path(__file__).parents[2] / "examples/federations/conformance.yaml"


@dataclass(frozen=True)
class RunningFederation:
    """A federation that has said that it is up."""

    process: Process
    said: dict[str, Any]

    def token_of(self, tenant: str) -> str:
        return next(str(one["token"]) for one in self.said["tenants"] if one["name"] == tenant)


@contextlib.contextmanager
def a_federation(
    folder: Path, *flags: str, file: Path = FILE, port: int | None = None
) -> Iterator[RunningFederation]:
    """Ends with the block, whatever happens in it."""
    folder.mkdir(exist_ok=True)
    said = folder / "said"
    said.unlink(missing_ok=True)
    where = ("--port", str(port or free_port()), "--state", str(folder / "plane"))
    command = hanza("up", "--federation", str(file), *where, "--output", "json", *flags)
    process = Process(command, said, HANZA_LOG="text")
    try:
        yield RunningFederation(process, _record(process, said))
    finally:
        if process.is_alive:
            process.kill()


def _record(process: Process, said: Path) -> dict[str, Any]:
    """The one JSON document among the log's lines."""
    found: list[dict[str, Any]] = []

    def is_said() -> bool:
        assert process.is_alive, said.read_text()
        text = said.read_text()
        begin = text.find("\n{\n") if not text.startswith("{\n") else -1
        end = text.find("\n}\n")
        if end > begin:
            found.append(json.loads(text[begin + 1 : end + 2]))
        return bool(found)

    until(is_said, "the federation is up", SECONDS_MAX)
    return found[0]
