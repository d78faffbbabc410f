"""`hanza agent`: join a federation, run, and say what is held.

Puts an agent's parts together and ends them in order; everything it knows is on the command
line or in the state folder.  It is not a client of the plane's API: see `hanza.cli`.
"""

import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from hanza.agent.address import Address as PlaneAddress
from hanza.agent.address import address_of
from hanza.agent.consent import Consent
from hanza.agent.console import Consoles
from hanza.agent.converge import BLIND_CEILING, Converger
from hanza.agent.counted import CountedDial
from hanza.agent.diary import Diary
from hanza.agent.doctor import KeptCheckup
from hanza.agent.door import Door
from hanza.agent.fetch import PlaneFetch
from hanza.agent.here import Here
from hanza.agent.images import Images
from hanza.agent.join import JoinOrder, join
from hanza.agent.journal import Identity, Journal, identity_of, load_manifest, load_starts
from hanza.agent.link import Link, WebSocketDial
from hanza.agent.local import Local
from hanza.agent.logs import Logs
from hanza.agent.loop import Agent, Beside
from hanza.agent.measure import Scope
from hanza.agent.ports import Ports
from hanza.agent.session import Session, Speaker
from hanza.agent.telling import Telling
from hanza.agent.wires import ProxyOf, no_proxy, proxies_by
from hanza.boot.agent_options import (
    Anyway,
    BrakeAbove,
    ConsentOption,
    InsecureHttp,
    ReleaseKeys,
    keys_of,
    options_of,
)
from hanza.boot.checkup import examine_agent, lay_test_image, trial_of
from hanza.boot.nearness import NOT_MEASURED, Nearness, measuring
from hanza.boot.settings import (
    Address,
    MetricsListen,
    log_form,
    parse_address,
    refuse_open_numbers,
)
from hanza.boot.updating import join_updates, launch_command, updates_of
from hanza.cli.options import OutputOption
from hanza.cli.render import Output, show_one
from hanza.cli.update_rules import ConsentWord
from hanza.drivers import registry
from hanza.drivers.spi import Driver
from hanza.kit.backoff import delay_after
from hanza.kit.clock import Clock, SteadyClock, SystemClock
from hanza.kit.log import Log, keep_recent, log_to
from hanza.kit.points import Point, from_environment
from hanza.model.errors import DriverError, HanzaError, Invalid, Refusal
from hanza.model.ids import FederationId
from hanza.plan.brake import FEW
from hanza.plan.manifest import hash_of
from hanza.wire.agent_v1 import (
    CONSOLE,
    DIARY,
    DIRECTORY,
    LOGS,
    MEASURE,
    MESH,
    NUMBERS,
    PORT_MIN,
    PORTS,
    UPDATES,
)

_log = Log("hanza.boot.agent")
IMAGES_OPTION = "images"
"""Every driver that reads images from a folder calls the option so."""
app = typer.Typer(
    name="agent",
    help="The agent of one engine at a site.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Measure = Annotated[
    Scope, typer.Option(help="To which probes round trips are measured: see docs/policy.md.")
]
AnswerPort = Annotated[
    int | None,
    typer.Option(
        min=PORT_MIN, max=65535, help="Answer other sites' agents at this UDP port, by budget."
    ),
]
ProxyFlag = Annotated[
    str | None,
    typer.Option(
        "--proxy",
        help="http://host:port by which the planes are reached; else HANZA_PROXY or HTTPS_PROXY.",
    ),
]
State = Annotated[Path, typer.Option("--state", help="The agent's folder.", file_okay=False)]


@app.command("join")
def join_command(  # noqa: PLR0913 -- each is an option of the command
    token: Annotated[str, typer.Argument(help="The join token, or - to read it from stdin.")],
    state: State,
    driver: Annotated[str, typer.Option("--driver", help="What runs the guests here.")],
    option: Annotated[list[str], typer.Option("--option", help="key=value for the driver.")] = [],  # noqa: B006 -- typer reads it
    option_file: Annotated[
        Path | None,
        typer.Option("--option-file", help="Lines of key=value, for what no command line shows."),
    ] = None,
    *,
    insecure_http: InsecureHttp = False,
    proxy: ProxyFlag = None,
    anyway: Anyway = False,
    updates: ConsentOption = ConsentWord.asked,
    release_key: ReleaseKeys = None,
    output: OutputOption = Output.table,
) -> None:
    """Make this machine's engine part of a federation.  May be run again when cut.

    The doctor looks first (hanza agent doctor): what does not work costs no token.
    """
    with _Refusals():
        text = sys.stdin.read() if token == "-" else token
        if driver not in registry.names():
            raise Invalid(
                f"there is no driver {driver!r}", hint=f"there are: {', '.join(registry.names())}"
            )
        options, keys = options_of(option, option_file), keys_of(release_key)
        way = proxies_by(proxy, os.environ)
        order = JoinOrder(text, driver, options, insecure_http, way, updates.value, keys)
        with closing(Journal(state, from_environment(os.environ))) as journal:
            trial = trial_of(order.driver, order.options, state, despite_all=anyway)
            identity, outcome = join(order, journal, os.urandom, trial)
        words = "joined" if outcome == "joined" else "joined already"
        sentence = f"{words}: agent {identity.agent} of site {identity.site}"
        show_one({**_name_of(identity), "outcome": outcome}, output, sentence)


@app.command("run")
def run_command(  # noqa: PLR0913 -- each is an option of the command
    state: State,
    metrics_listen: MetricsListen = None,
    measure: Measure = "public",
    answer_port: AnswerPort = None,
    proxy: ProxyFlag = None,
    brake_above: BrakeAbove = FEW,
    output: OutputOption = Output.table,
) -> None:
    """Converge this engine on its manifest until told to stop; guests run on.

    As JSON, standard output has one line: who begins.  The log goes to standard error, as text
    or, where HANZA_LOG is json, as JSON.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _Refusals():
        point = from_environment(os.environ)
        address = parse_address(metrics_listen) if metrics_listen else None
        if address is not None:
            refuse_open_numbers(address)
        proxies = proxies_by(proxy, os.environ)
        identity = identity_of(state)
        with closing(Journal(state, point)) as journal:
            log_to(form=log_form(os.environ))
            keep_recent(state)
            if output is Output.json:
                typer.echo(json.dumps(_name_of(identity)))
            driver = open_when_there(identity, stop, registry.open)
            if driver is None:
                return
            with closing(driver):
                nearness = Nearness(measure, answer_port)
                agent = agent_of(journal, identity, driver, point, stop, nearness, proxies)
                agent.converger.brake.few = brake_above
                _say_started(identity)
                with numbers_served(agent, address):
                    agent.run()


@app.command("doctor")
def doctor_command(
    state: State, measure: Measure = "public", output: OutputOption = Output.table
) -> None:
    """Try this machine: engine, a guest's boot, disk, clock, MTU, NAT, how far others are.

    Also while the agent runs; the plane is told what was found.  Exit code 1 for what is poor.
    """
    with _Refusals():
        examine_agent(state, measure, output)


@app.command("status")
def status_command(state: State, output: OutputOption = Output.table) -> None:
    """What the agent is and holds, read from its folder; asks nobody."""
    with _Refusals():
        status = _status_of(state)
        lines = []
        for key, value in status.items():
            words = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            lines.append(f"{key:<12} {'-' if words is None else words}")
        show_one(status, output, "\n".join(lines))


app.command("launch")(launch_command)
app.command("test-image")(lay_test_image)


def numbers_served(agent: Agent, address: Address | None) -> AbstractContextManager[None]:
    """Serve the agent's numbers where it was told to; only then is their library loaded."""
    if address is None:
        return nullcontext()
    numbers = importlib.import_module("hanza.boot.numbers")
    serving: AbstractContextManager[None] = numbers.served(numbers.numbers_of(agent), address)
    return serving


def agent_of(  # noqa: PLR0913 -- the parts, and what the machine's owner chose
    journal: Journal,
    identity: Identity,
    driver: Driver,
    point: Point,
    stop: threading.Event,
    nearness: Nearness = NOT_MEASURED,
    proxies: ProxyOf = no_proxy,
) -> Agent:
    """The parts of a running agent, started once: its start is counted here.

    Raises `Invalid` where the port to answer at is taken.
    """
    clock: Clock = SystemClock()
    steady, where = SteadyClock(clock), partial(addresses_of, journal, identity)
    speaker = _speaker_of(journal, identity, clock, _abilities(driver, nearness.scope), nearness)
    root = journal.root_path if any(address.is_secure for address in where()) else None
    dial = WebSocketDial(root, proxy=proxies)
    diary = begun(Diary(journal, clock.now()), clock)
    telling = Telling(diary, KeptCheckup(journal.folder))
    fetch = PlaneFetch(where, speaker, clock, root, proxies)
    updates = updates_of(journal, fetch, diary, clock, os.environ)
    session, counted = Session(speaker, journal, telling, updates), CountedDial(journal, dial)
    link = Link(where, session, steady, counted, point)
    local = Local(journal, diary, clock, link)
    local.strangers = driver.strangers
    here = Here(diary, local, Door(journal.folder, local.answer), telling, driver.strangers, clock)
    images = _images_of(identity, fetch, clock)
    join_updates(updates, link, local, stop)
    beside = Beside(
        images,
        Consoles(driver, dial, link.say, point),
        Ports(driver, dial, link.say, lambda: journal.manifest),
        Logs(driver, dial, link.say),
        *measuring(link, identity.agent, nearness, stop),
        here,
        updates,
    )
    consent, timed = Consent(lambda: journal.allowed, images), link.counted.point
    return Agent(journal, Converger(driver, steady, timed, consent), link, steady, stop, beside)


def _speaker_of(
    journal: Journal,
    identity: Identity,
    clock: Clock,
    abilities: tuple[str, ...],
    nearness: Nearness,
) -> Speaker:
    return Speaker(
        agent=identity.agent,
        driver=identity.driver,
        pin=identity.pin,
        key=journal.key(os.urandom),
        incarnation=journal.begin(clock, os.urandom),
        abilities=abilities,
        answers_at=nearness.answer_port,
    )


def _images_of(identity: Identity, fetch: PlaneFetch, clock: Clock) -> Images | None:
    """None where the driver's options name no folder for them."""
    if IMAGES_OPTION not in identity.options:
        return None
    folder = Path(identity.options[IMAGES_OPTION])
    folder.mkdir(parents=True, exist_ok=True)
    return Images(folder, fetch, clock)


def addresses_of(journal: Journal, identity: Identity) -> tuple[PlaneAddress, ...]:
    """Where the planes are: as the newest directory says, and behind that as the token said."""
    told = () if journal.directory is None else journal.directory.urls
    urls = dict.fromkeys((*told, *identity.urls))
    return tuple(address_of(url, may_be_plain=identity.may_be_plain) for url in urls)


def _abilities(driver: Driver, scope: Scope) -> tuple[str, ...]:
    able = (
        DIARY,
        DIRECTORY,
        PORTS,
        LOGS,
        NUMBERS,
        UPDATES,
        *((CONSOLE,) if driver.capabilities().console else ()),
    )
    return able if scope == "none" else (*able, MEASURE, MESH)


def begun(diary: Diary, clock: Clock) -> Diary:
    """With what this start says of the time before it."""
    diary.begin(clock.now(), boot_id())
    return diary


def boot_id() -> str:
    """Which boot of this machine it is: another after each."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def open_when_there(
    identity: Identity,
    stop: threading.Event,
    open_driver: Callable[[str, FederationId, Mapping[str, str]], Driver],
) -> Driver | None:
    """After a cold boot the engine may come up later than we do.  None when told to stop."""
    failures = 0
    while not stop.is_set():
        try:
            return open_driver(identity.driver, identity.federation, identity.options)
        except DriverError as error:
            failures += 1
            _log.warning("driver.unavailable", code=error.code, text=str(error))
            stop.wait(delay_after(failures, ceiling=BLIND_CEILING).total_seconds())
    return None


def _say_started(identity: Identity) -> None:
    agent, site = identity.agent, identity.site
    _log.info("agent.started", version=version("hanza"), agent=agent, site=site)


def _name_of(identity: Identity) -> dict[str, str]:
    return {
        "agent": identity.agent,
        "federation": identity.federation,
        "site": identity.site,
    }


def _status_of(folder: Path) -> dict[str, str | int | tuple[str, ...] | None]:
    identity = identity_of(folder)
    manifest = load_manifest(folder, identity)
    return {
        **_name_of(identity),
        "planes": identity.urls,
        "driver": identity.driver,
        "starts": load_starts(folder),
        "epoch": manifest.version.epoch if manifest else None,
        "manifest": manifest.version.number if manifest else None,
        "hash": hash_of(manifest).hex() if manifest else None,
        "entries": len(manifest.entries) if manifest else 0,
        "tombstones": len(manifest.tombstones) if manifest else 0,
    }


class _Refusals:
    """Turns a refusal, also the machine's own, into one sentence and exit code 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError) and error.strerror:
            typer.echo(f"error: {error.filename or 'this machine'}: {error.strerror}", err=True)
            raise typer.Exit(1) from error
        if not isinstance(error, HanzaError):
            return
        hint = error.hint if isinstance(error, Refusal) else None
        typer.echo(f"error: {error}" + (f"; {hint}" if hint else ""), err=True)
        raise typer.Exit(1) from error
