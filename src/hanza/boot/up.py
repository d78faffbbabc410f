"""`hanza up`: run a plane in the foreground."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from hanza.boot.federation.file import FederationFile
from hanza.boot.federation.running import Federation, read_federation
from hanza.boot.front.begin import begin
from hanza.boot.front.handover import FrontGone, Handover, handed_over
from hanza.boot.front.status import front_of
from hanza.boot.plane import run_plane
from hanza.boot.rates import FailuresRate, IssuerUrl, RequestsRate, parse_rate
from hanza.boot.settings import (
    KeepEvents,
    MetricsListen,
    PlaneSettings,
    WebListen,
    log_form,
    parse_address,
    parse_keep,
)
from hanza.cli.client import default_state
from hanza.cli.options import OutputOption
from hanza.cli.render import Output, show_one
from hanza.kit.buckets import FAILURES, REQUESTS
from hanza.kit.log import Log, log_to
from hanza.kit.points import from_environment
from hanza.model.errors import Invalid
from hanza.store import database as databases
from hanza.wire.discovery import check_url

app = typer.Typer()
log = Log("hanza.plane")
LISTEN = "127.0.0.1:7443"


State = Annotated[Path | None, typer.Option(help="Folder of keys and data.", envvar="HANZA_STATE")]
Listen = Annotated[
    list[str] | None, typer.Option(help="IP-ADDRESS:PORT; may be given more than once.")
]
Database = Annotated[
    str | None, typer.Option(help="SQLAlchemy URL; SQLite by default.", envvar="HANZA_DATABASE")
]
InsecureHttp = Annotated[
    bool, typer.Option("--insecure-http", help="Plain HTTP, on loopback only.")
]
File = Annotated[
    Path | None,
    typer.Option(
        help="Bring up what this file says too, with fake sites; plain HTTP on loopback.",
        dir_okay=False,
    ),
]
Port = Annotated[
    int | None, typer.Option(help="Listen on 127.0.0.1 at this port.", min=1, max=65535)
]


WithFront = Annotated[
    bool,
    typer.Option(
        "--front/--no-front",
        help="Hold the addresses while planes come and go, and answer 503 meanwhile.",
    ),
]


@app.callback(invoke_without_command=True)
def up(  # noqa: PLR0913 -- each is an option of the command
    state: State = None,
    listen: Listen = None,
    database: Database = None,
    insecure_http: InsecureHttp = False,
    web: WebListen = None,
    metrics_listen: MetricsListen = None,
    federation: File = None,
    port: Port = None,
    issuer: IssuerUrl = None,
    requests_rate: RequestsRate = None,
    failures_rate: FailuresRate = None,
    keep: KeepEvents = None,
    with_front: WithFront = True,
    output: OutputOption = Output.table,
) -> None:
    """Run a plane until it is told to stop.  HANZA_LOG says how it logs: text or json."""
    wanted = None if federation is None else read_federation(federation)
    folder = (state or _state_of(wanted)).resolve()
    settings = PlaneSettings(
        state=folder,
        listen=tuple(parse_address(one) for one in _listen(listen, port)),
        database=databases.check_url(database or f"sqlite:///{folder}/hanza.db"),
        insecure_http=insecure_http or wanted is not None,
        web=None if web is None else parse_address(web),
        metrics_listen=parse_address(metrics_listen) if metrics_listen else None,
        issuer=check_url(issuer, "issuer") if issuer else "",
        requests_rate=parse_rate(requests_rate, REQUESTS, "requests-rate"),
        failures_rate=parse_rate(failures_rate, FAILURES, "failures-rate"),
        keep=parse_keep(keep),
    )
    _settle_in()
    if wanted is None:
        _run(settings, output, with_front=with_front)
    else:
        _run_federation(settings, Federation(wanted, output))


def _run(settings: PlaneSettings, output: Output, *, with_front: bool) -> None:
    front = _front(settings, with_front=with_front)
    ready = partial(_say_ready, output=output)
    try:
        run_plane(settings, from_environment(os.environ), ready, front=front)
    except FrontGone:
        log.warning("plane.abandoned")


def _run_federation(settings: PlaneSettings, running: Federation) -> None:
    try:
        run_plane(settings, from_environment(os.environ), running.begin)
    finally:
        running.end()


def _front(settings: PlaneSettings, *, with_front: bool) -> Handover | None:
    """The one that has started this process, or one that this process becomes."""
    found = handed_over(os.environ, os.environ.pop)
    if found is not None or not with_front:
        return found
    return begin(settings, log_form(os.environ))


def _settle_in() -> None:
    log_to(form=log_form(os.environ))
    # Tenants' words are in the database; the folder may have been made by somebody else, for all.
    os.umask(0o077)


def _listen(listen: list[str] | None, port: int | None) -> list[str]:
    if port is None:
        return listen or [LISTEN]
    if listen:
        raise Invalid("--port is short for --listen 127.0.0.1:PORT: say one of them", field="port")
    return [f"127.0.0.1:{port}"]


def _state_of(federation: FederationFile | None) -> Path:
    """Each federation of a file has a folder of its own, and never that of a real plane."""
    usual = default_state()
    return usual if federation is None else usual.with_name(f"federation-{federation.name}")


def _say_ready(settings: PlaneSettings, output: Output) -> None:
    context = settings.state / "context.json"
    pid = front_of(settings.state) or os.getpid()  # whom to tell to stop
    record = {
        "pid": pid,
        "urls": list(settings.urls),
        "web": settings.web_url,
        "context": str(context),
    }
    lines = (
        f"hanza plane {pid} serves {' '.join(settings.urls)}",
        f"page: {settings.web_url} (with the token in it: hanza --context {context} web)",
        f"try: hanza --context {context} site list",
    )
    show_one(record, output, "\n".join(lines))
    sys.stdout.flush()
