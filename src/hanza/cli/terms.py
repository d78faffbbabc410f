"""`hanza provider terms`: how much a provider takes, of each tenant and in all, and whom not."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from hanza.cli.options import OutputOption, YesOption, connect
from hanza.cli.render import Output, Record, show
from hanza.model.errors import Invalid
from hanza.plan.countries import countries_of

terms = typer.Typer(help="A provider's own terms: caps and denials.", no_args_is_help=True)
COLUMNS = ["what", "each", "total", "taken"]
UNLIMITED = "unlimited"


class Member(StrEnum):
    """What a provider may cap, as documents call it."""

    instances = "instances"
    cpus = "cpus"
    memory = "memoryMiB"
    storage = "storageMiB"


CapOption = Annotated[
    list[str] | None,
    typer.Option(
        help=f"WHAT=N, or WHAT={UNLIMITED}; what is {', '.join(Member)}.  May be repeated."
    ),
]
TenantsOption = Annotated[list[str] | None, typer.Option(help="A tenant; may be repeated.")]
CountriesOption = Annotated[
    list[str] | None, typer.Option(help="Where tenants are at home, such as DE; may be repeated.")
]
ClassesOption = Annotated[
    list[str] | None, typer.Option(help="A class of data, such as health; may be repeated.")
]


@terms.command("show")
def show_terms(context: typer.Context, name: str, output: OutputOption = Output.table) -> None:
    """Show the terms, and what is there already."""
    with connect(context) as client:
        document = client.get(_path(name))
    _told(document, output)


@terms.command("set")
def set_terms(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    name: str,
    each: CapOption = None,
    total: CapOption = None,
    deny: TenantsOption = None,
    accept: TenantsOption = None,
    deny_country: CountriesOption = None,
    accept_country: CountriesOption = None,
    deny_data: ClassesOption = None,
    accept_data: ClassesOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Change what is named; the rest stays as it is.

    Less than what stands there ends nothing: nothing more comes until it is less again.
    """
    denials = {
        "tenants": (deny, accept),
        "tenantCountries": (deny_country, accept_country),
        "dataClasses": (deny_data, accept_data),
    }
    if not any((each, total, *(said for pair in denials.values() for said in pair))):
        raise Invalid("say what to change", hint="such as --each instances=4")
    caps = {"each": _caps(each, "each"), "total": _caps(total, "total")}
    with connect(context) as client:
        spec = client.get(_path(name))["spec"]
        for which, changes in caps.items():
            spec[which] |= changes
        for what, (more, less) in denials.items():
            denied = (set(spec["deny"][what]) | _words(what, more)) - _words(what, less)
            spec["deny"][what] = sorted(denied)
        _, document = client.put(_path(name), {"spec": spec})
    _told(document, output)


@terms.command("clear")
def clear_terms(
    context: typer.Context,
    name: str,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Have no terms any more."""
    with connect(context) as client:
        if not yes:
            typer.confirm(f"Clear the terms of provider {name}?", abort=True, err=True)
        client.delete(_path(name))
        document = client.get(_path(name))
    _told(document, output)


def _words(what: str, given: list[str] | None) -> frozenset[str]:
    """Of countries also by the names of sets, such as EU.  Raises `Invalid`."""
    words = given or []
    return countries_of(words, what) if what == "tenantCountries" else frozenset(words)


def _caps(given: list[str] | None, field: str) -> dict[str, int | None]:
    """From `WHAT=N`.  Raises `Invalid`."""
    found: dict[str, int | None] = {}
    for one in given or ():
        what, _, amount = one.partition("=")
        is_number = amount.isascii() and amount.isdigit()
        if what not in list(Member) or not (is_number or amount == UNLIMITED):
            text = f"{one!r} is not WHAT=N, with WHAT one of {', '.join(Member)}"
            raise Invalid(text, field=field)
        found[what] = int(amount) if is_number else None
    return found


def _told(document: dict[str, Any], output: Output) -> None:
    if output is Output.json:
        show([document], [], output, "")
        return
    about, spec, status = document["metadata"], document["spec"], document["status"]
    name = about["provider"]
    print(f"# the terms of {name}" if about["generation"] else f"# {name} has no terms")
    show([_line(one.value, spec, status) for one in Member], COLUMNS, output, "")
    for tenant in spec["deny"]["tenants"]:
        print(f"# nothing new is taken of tenant {tenant}")
    for country in spec["deny"]["tenantCountries"]:
        print(f"# nothing new is taken of tenants from {country}, or from who knows where")
    for word in spec["deny"]["dataClasses"]:
        print(f"# nothing new is taken that handles data of class {word}, or does not say")


def _line(what: str, spec: dict[str, Any], status: dict[str, Any]) -> Record:
    return {
        "what": what,
        "each": spec["each"][what],
        "total": spec["total"][what],
        "taken": status["total"][what],
    }


def _path(name: str) -> str:
    return f"/providers/{name}/terms"
