"""`hanza support-bundle`: what somebody who helps needs to know of a plane or an agent's host.

Promises: no key, token or password, and nothing of a tenant's: no name, no wish, no output of a
guest; events are told without their words.  Before the file is written it is held against every
secret in the folders it was made from, and one that has any of them is not written.  Whatever
could not be had is named in `bundle.json`, and does not keep the rest from being there.
"""

import io
import os
import platform
import re
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from hanza.boot.bundle.agent import agent_parts, agent_secrets
from hanza.boot.bundle.parts import Part, as_json
from hanza.boot.bundle.plane import plane_parts, plane_secrets
from hanza.cli.client import default_state
from hanza.cli.options import OutputOption
from hanza.cli.render import Output, show_one
from hanza.kit.clock import SystemClock
from hanza.model.errors import Bug, Conflict, NotFound
from hanza.store.database import check_url

app = typer.Typer()
FORMAT = "hanza.support-bundle/v1"
SECRET_BYTES_MIN = 8
"""A shorter one could be part of anything, and is no secret."""


@dataclass
class Bundle:
    """What is gathered: files by their names, and what could not be had, with the reason."""

    files: dict[str, bytes] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, parts: Mapping[str, Part], below: str) -> None:
        for name, part in parts.items():
            if isinstance(part, bytes):
                self.files[f"{below}/{name}"] = part
            else:
                self.missing[f"{below}/{name}"] = part


@app.callback(invoke_without_command=True)
def support_bundle(
    state: Annotated[
        Path | None, typer.Option(help="The plane's folder.", envvar="HANZA_STATE")
    ] = None,
    agent: Annotated[
        list[Path] | None, typer.Option(help="An agent's folder; may be repeated.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="As for `hanza up`.", envvar="HANZA_DATABASE")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Where to write it, as .tar.gz.")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Gather what helps to help: versions, settings, counts, numbers, logs; no secrets."""
    now = SystemClock().now()
    folder = (state or default_state()).resolve()
    agents = [one.resolve() for one in agent or []]
    bundle, secrets = Bundle(), set[bytes]()
    if (folder / "context.json").exists():
        url = check_url(database or f"sqlite:///{folder}/hanza.db")
        bundle.add(plane_parts(folder, url), "plane")
        secrets |= plane_secrets(folder, url)
    elif not agents:
        raise NotFound(f"no plane has run from {folder}", hint="name it with --state, or --agent")
    for nth, one in enumerate(agents, 1):
        bundle.add(agent_parts(one), f"agent-{nth}")
        secrets |= agent_secrets(one)
    bundle.files["bundle.json"] = _index(bundle, now)
    refuse_secrets(bundle.files, secrets)
    path = file or Path(f"hanza-support-{now:%Y%m%dT%H%M%SZ}.tar.gz")
    _write(path, bundle.files, now)
    record = {"file": str(path), "files": sorted(bundle.files), "missing": bundle.missing}
    lines = [f"{path} has {len(bundle.files)} files; look into it before you pass it on"]
    lines += [f"missing: {name}: {why}" for name, why in bundle.missing.items()]
    show_one(record, output, "\n".join(lines))


def refuse_secrets(files: Mapping[str, bytes], secrets: set[bytes]) -> None:
    """The second lock on the door: raises `Bug` when a secret got in all the same."""
    for name, content in files.items():
        if any(len(one) >= SECRET_BYTES_MIN and one in content for one in secrets):
            raise Bug(f"{name} has a secret in it: nothing was written; please report this")


def _index(bundle: Bundle, now: datetime) -> bytes:
    ours = [re.split(r"[^\w.-]", one)[0] for one in _requirements()]
    document = {
        "format": FORMAT,
        "madeAt": now.isoformat(),
        "hanza": metadata.version("hanza"),
        "python": sys.version,
        "platform": platform.platform(),
        "libraries": {name: metadata.version(name) for name in sorted(ours)},
        "files": sorted(bundle.files),
        "missing": bundle.missing,
    }
    return as_json(document)


def _requirements() -> list[str]:
    return [one for one in metadata.requires("hanza") or [] if "extra" not in one]


def _write(path: Path, files: Mapping[str, bytes], now: datetime) -> None:
    """Readable by its owner only; never over another file."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        hint = "nothing is written over: name another with --file, or remove it"
        raise Conflict(f"{path} is there already", field="file", hint=hint) from error
    except OSError as error:
        raise Conflict(f"cannot write {path}: {error.strerror}", field="file") from error
    with os.fdopen(descriptor, "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"hanza-support/{name}")
            entry.size, entry.mtime, entry.mode = len(content), int(now.timestamp()), 0o600
            archive.addfile(entry, io.BytesIO(content))
