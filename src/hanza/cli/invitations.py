"""`hanza provider invite`, `uninvite` and `hanza invite`: a whole chain of stores joins at once."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from hanza.cli.client import Client
from hanza.cli.files import read_file
from hanza.cli.joining_file import (
    SUFFIX,
    Engine,
    Invitation,
    check_folder,
    script_of,
    write_file,
)
from hanza.cli.options import OutputOption, YesOption, connect
from hanza.cli.render import Output, Record, show
from hanza.model.errors import Conflict, HanzaError, Invalid, Refusal
from hanza.wire.invitations_v1 import InvitedSite
from hanza.wire.places import load_cities
from hanza.wire.sites_csv import BYTES_MAX, Row, sites_from_csv

DAY_S = 86400
DEFAULT_OPTIONS = {
    "libvirt": (
        "uri=qemu:///system",
        "images=/var/lib/hanza/images",
        "pool=/var/lib/hanza/pool",
        "serial=/var/lib/hanza/serial",
    )
}
"""Used when no option is given; whoever gives one gives all of them."""
NEXT = {
    "waiting": "was invited before; --renew gives it a new token",
    "lapsed": "its token was not used in time or was revoked; --renew gives it a new one",
    "joined": "has joined",
}
group = typer.Typer(help="Join tokens: who may still join.", no_args_is_help=True)
SitesOption = Annotated[
    Path, typer.Option("--sites", help="CSV: name, city, … a line per site.", dir_okay=False)
]
ProviderArgument = Annotated[
    str | None, typer.Argument(help="Whose; may be left out while there is only one.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what it would do.")]


def invite(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    sites: SitesOption,
    provider: ProviderArgument = None,
    folder: Annotated[
        Path, typer.Option(help="Where each site's file is written.", file_okay=False)
    ] = Path("invitations"),
    driver: Annotated[str, typer.Option(help="What runs the guests at the sites.")] = "libvirt",
    option: Annotated[
        list[str] | None, typer.Option("--option", help="KEY=VALUE for the driver, at every site.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(help="How long the tokens are good.", min=0.001, max=90)
    ] = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="New tokens for those who have not joined yet.")
    ] = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Add every site of a file, and write for each a file that joins it, once.

    All or nothing.  Asking again gives a site no second token.
    """
    rows = _read(sites)
    engine = Engine(driver, tuple(option) if option else DEFAULT_OPTIONS.get(driver, ()))
    with connect(context) as client:
        owner = provider or _only_provider(client)
        if not dry_run:
            check_folder(folder)
        documents = [_document(row.site) for row in rows]
        spec = {"sites": documents, "renew": renew, "dryRun": dry_run, **_good_for(days)}
        items = _post(client, owner, "invitations", spec, rows, sites)
        files = {} if dry_run else _write_all(client, owner, items, folder, engine)
    records = [_invited(item, files.get(item["site"])) for item in items]
    show(records, ["site", "outcome", "file", "expiresAt"], output, "")
    if output is Output.table:
        _say_next(records, folder, dry_run=dry_run)


def uninvite(
    context: typer.Context,
    sites: SitesOption,
    provider: ProviderArgument = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Take an invitation back: unused tokens are revoked, sites that nobody joined are gone.

    Sites that have joined are left as they are.
    """
    rows = _read(sites)
    with connect(context) as client:
        owner = provider or _only_provider(client)
        names = [row.site.name for row in rows]
        if not yes and not dry_run:
            typer.confirm(f"Take back {len(names)} invitations of {owner}?", abort=True, err=True)
        spec = {"sites": names, "dryRun": dry_run}
        items = _post(client, owner, "withdrawals", spec, rows, sites)
    show(items, ["site", "outcome"], output, "")


@group.command("list")
def list_tokens(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Used and closed ones too.")] = False,
    output: OutputOption = Output.table,
) -> None:
    """List the join tokens that are open, with their sites; never their secrets."""
    with connect(context) as client:
        records = client.items("/join-tokens")
    if not every:
        records = [one for one in records if one["state"] == "open"]
    columns = ["site", "provider", "state", "expiresAt", "agent", "id"]
    show(records, columns, output, "no open join token; hanza provider invite makes them")


@group.command("revoke")
def revoke_tokens(
    context: typer.Context,
    tokens: Annotated[list[str], typer.Argument(help="Ids, as hanza invite list shows them.")],
    output: OutputOption = Output.table,
) -> None:
    """Have nobody join with these tokens any more."""
    with connect(context) as client:
        for token in tokens:
            client.delete(f"/join-tokens/{token}")
    records = [{"id": token, "state": "revoked"} for token in tokens]
    show(records, ["id", "state"], output, "")


def _read(file: Path) -> list[Row]:
    return sites_from_csv(read_file(file, "sites", BYTES_MAX), str(file), load_cities())


def _only_provider(client: Client) -> str:
    names = [str(one["metadata"]["name"]) for one in client.items("/providers")]
    if len(names) == 1:
        return names[0]
    raise Invalid(
        "say whose sites they are" if names else "there is no provider yet",
        field="provider",
        hint=f"one of {', '.join(names)}" if names else "hanza provider add NAME --title TITLE",
    )


def _good_for(days: float | None) -> Record:
    return {} if days is None else {"validForSeconds": round(days * DAY_S)}


def _document(site: InvitedSite) -> Record:
    return {
        "name": site.name,
        "country": site.country,
        "city": site.city,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "class": site.site_class,
        "attributes": site.attributes,
    }


def _post(
    client: Client, owner: str, what: str, spec: Record, rows: Sequence[Row], file: Path
) -> list[Record]:
    """The plane's outcome for each row; what it refuses is told by the line of the file."""
    try:
        answer = client.post(f"/providers/{owner}/{what}", {"spec": spec})
    except (Conflict, Invalid) as refusal:
        place = (refusal.field or "").partition("[")[2].partition("]")[0]
        if place.isdigit() and int(place) < len(rows):
            where = f"{file} line {rows[int(place)].line}"
            raise type(refusal)(refusal.text, field=where, hint=refusal.hint) from refusal
        raise
    items: list[Record] = answer["items"]
    if [item["site"] for item in items] != [row.site.name for row in rows]:
        raise Refusal("the plane answered for other sites than it was asked")
    return items


def _write_all(
    client: Client, owner: str, items: Sequence[Record], folder: Path, engine: Engine
) -> dict[str, Path]:
    """Every file, or none: then the tokens are revoked, because nobody has them."""
    given = [item for item in items if item["token"] is not None]
    written: dict[str, Path] = {}
    tell = _progress(len(given))
    try:
        for item in given:
            invitation = Invitation(item["site"], owner, item["token"], item["expiresAt"])
            file = folder / f"{item['site']}{SUFFIX}"
            write_file(file, script_of(invitation, engine))
            written[item["site"]] = file
            tell(len(written))
    except (OSError, HanzaError) as error:
        for file in written.values():
            file.unlink(missing_ok=True)
        for item in given:
            client.delete(f"/join-tokens/{item['id']}")
        if isinstance(error, HanzaError):
            raise
        raise Invalid(
            f"{folder} cannot be written to: {error.strerror}",
            field="folder",
            hint="all the new tokens were revoked; mend it, then run this again with --renew",
        ) from error
    return written


def _progress(total: int) -> Callable[[int], None]:
    """Tell a person how far it is; nobody else."""

    def tell(done: int) -> None:
        end = "\n" if done == total else ""
        print(f"\r{done} of {total} files written", end=end, file=sys.stderr, flush=True)

    return tell if sys.stderr.isatty() else lambda _: None


def _invited(item: Record, file: Path | None) -> dict[str, Any]:
    """Without the token: that is in the file, and nowhere else."""
    return {
        "site": item["site"],
        "outcome": item["outcome"],
        "file": None if file is None else str(file),
        "expiresAt": item["expiresAt"],
        "token": item["id"],
    }


def _say_next(records: Sequence[Record], folder: Path, *, dry_run: bool) -> None:
    outcomes = [str(one["outcome"]) for one in records]
    for outcome, words in NEXT.items():
        count = outcomes.count(outcome)
        if count:
            print(f"{count} of {len(records)}: {words}")
    count = outcomes.count("invited") + outcomes.count("renewed")
    if dry_run:
        print(f"{count} would get a token; nothing was changed")
    elif count:
        print(f"{count} may join; at each, with its own file: sh {folder}/SITE{SUFFIX}")
