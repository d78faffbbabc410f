"""The doctor on the command line: before joining, and any time after.

Promises: what a person sees while it looks is one line for each finding, the line that mends it
under it; joining stops before the token is spent where a finding is poor, unless told otherwise.
"""

import json
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from hanza.agent.address import address_of
from hanza.agent.doctor import PlaneSeen, examine, keep_checkup, latencies
from hanza.agent.door import ask
from hanza.agent.join import look_at_plane
from hanza.agent.journal import ROOT, Identity, identity_of, load_directory
from hanza.agent.link import trust_only
from hanza.agent.local import Request
from hanza.agent.measure import Scope
from hanza.agent.wires import proxies_by
from hanza.boot import tiny_image
from hanza.cli.options import OutputOption
from hanza.cli.render import Output, show_one
from hanza.drivers import registry
from hanza.drivers.spi import Driver
from hanza.kit.clock import SystemClock
from hanza.model.checkup import Checkup, Finding, Level
from hanza.model.errors import DriverError, HanzaError, Refusal
from hanza.model.ids import FederationId
from hanza.model.probe import Target
from hanza.plan.doctor import score_of

SIGNS: Mapping[Level, str] = {"good": "ok", "fair": "fair", "poor": "POOR", "unknown": "?"}


class Unready(Refusal):
    """The site's engine does not work with these options; the join token was not used."""

    code = "agent.unready"


def trial_of(
    driver: str, options: Mapping[str, str], state: Path, *, despite_all: bool
) -> Callable[[PlaneSeen], None]:
    """What is tried before a token is spent.  Raises `Unready`."""

    def trial(plane: PlaneSeen) -> None:
        try:
            registry.try_out(driver, plane.federation, options)
        except DriverError as error:
            raise Unready(
                f"the engine cannot be worked: {error} ({error.code})",
                hint="the token was not used: mend it, then run this again",
            ) from error
        checkup = _checkup_of(examine(_opener(driver, options), options, state, [plane]))
        _keep(state, checkup)
        for line in lines_of(checkup):
            typer.echo(line, err=True)
        poor = [one for one in checkup.findings if one.level == "poor"]
        if poor and not despite_all:
            raise Unready(
                f"{poor[0].check}: {poor[0].text}",
                hint="the token was not used: mend it and run this again, or add --anyway",
            )

    return trial


def examine_agent(state: Path, scope: Scope, output: Output) -> None:
    """For an agent that has joined, whether it runs or not."""
    identity = identity_of(state)
    planes = _planes_of(identity, state)
    others = [] if scope == "none" else latencies(_targets_of(state), scope)
    opener = _opener(identity.driver, identity.options)
    checkup = _checkup_of(examine(opener, identity.options, state, planes, others))
    _keep(state, checkup)
    if output is Output.json:
        typer.echo(json.dumps(_record_of(checkup), indent=2))
    else:
        typer.echo("\n".join(lines_of(checkup)))
    if any(one.level == "poor" for one in checkup.findings):
        raise typer.Exit(1)


def _keep(state: Path, checkup: Checkup) -> None:
    """For the plane to be told; what was found is said here also where it cannot be kept."""
    try:
        keep_checkup(state, checkup)
    except OSError as error:
        typer.echo(f"no plane is told: {state} takes nothing: {error.strerror}", err=True)


def lay_test_image(
    images: Annotated[Path, typer.Argument(help="The folder that --option images=… names.")],
    output: OutputOption = Output.table,
) -> None:
    """Build what the doctor boots: Debian's kernel and a shell, 10 MB, by apt-get download.

    Needs Debian, busybox-static and qemu-utils.  Done again, it is built anew where it has changed.
    """
    images.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=images, prefix=".test-image-") as cache:
        laid = tiny_image.build(Path(cache), images)
    show_one({"image": str(laid)}, output, f"{laid} is there: hanza agent doctor boots it")


def lines_of(checkup: Checkup) -> list[str]:
    lines = []
    for one in checkup.findings:
        lines.append(f"{SIGNS[one.level]:<5} {one.check:<8} {one.text}")
        if one.mend and one.level != "good":
            lines.append(f"{'':<14} mend: {one.mend}")
    return [*lines, f"score {checkup.score} of 100"]


def _record_of(checkup: Checkup) -> dict[str, object]:
    names = ("check", "level", "text", "mend")
    findings = [{name: getattr(one, name) for name in names} for one in checkup.findings]
    return {"at": checkup.at.isoformat(), "score": checkup.score, "findings": findings}


def _checkup_of(findings: Sequence[Finding]) -> Checkup:
    return Checkup(SystemClock().now(), score_of(findings), tuple(findings))


def _opener(driver: str, options: Mapping[str, str]) -> Callable[[FederationId], Driver]:
    return lambda federation: registry.open(driver, federation, options)


def _planes_of(identity: Identity, state: Path) -> list[PlaneSeen]:
    """Those that answer, of those that the agent would dial, and by the proxy that it would use."""
    found = []
    told, proxies = load_directory(state, identity), proxies_by(None, os.environ)
    for url in dict.fromkeys((*(() if told is None else told.urls), *identity.urls)):
        address = address_of(url, may_be_plain=identity.may_be_plain)
        context: ssl.SSLContext | None = None
        if address.is_secure:
            context = trust_only((state / ROOT).read_text())
        try:
            found.append(look_at_plane(address, context, SystemClock(), proxies(address)))
        except (OSError, HTTPException, HanzaError):
            continue
    return found


def _targets_of(state: Path) -> list[Target]:
    """Whom the plane wants measured, as the agent that runs was told; nobody without one."""
    try:
        record = ask(state, Request("status")).record or {}
    except HanzaError:
        return []
    return [Target(*one) for one in record.get("probes", ())]
