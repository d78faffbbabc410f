"""Finds drivers by name among the installed packages (entry points, group `hanza.drivers`).

Promises: a name that is not there is refused with the names that are.  It imports a driver
only when that driver is opened, so that a site needs only its own engine's libraries.
"""

from collections.abc import Mapping
from contextlib import closing
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from hanza.drivers.spi import Driver, OpenDriver
from hanza.model.errors import Invalid
from hanza.model.ids import FederationId

GROUP = "hanza.drivers"


def names() -> tuple[str, ...]:
    """Every driver that is installed here."""
    return tuple(sorted(set(entry_points(group=GROUP).names)))


def open(name: str, federation: FederationId, options: Mapping[str, str]) -> Driver:
    """Raises `Invalid` for an unknown name, a missing library or a wrong option."""
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if not found:
        raise Invalid(
            f"there is no driver {name!r}",
            field="driver",
            hint=f"there are: {', '.join(names()) or 'none'}",
        )
    return _loaded(found[0])(federation, options)


def try_out(name: str, federation: FederationId, options: Mapping[str, str]) -> None:
    """Work the engine once, as an agent would, and leave it as it was.

    Raises what `open` does, and a `DriverError` when the engine cannot be reached or a folder
    cannot be written to.
    """
    with closing(open(name, federation, options)) as driver:
        driver.capabilities()
        driver.survey()


def _loaded(point: EntryPoint) -> OpenDriver:
    try:
        # What the entry point names is trusted to be what `spi` asks for; the contract tests it.
        return cast(OpenDriver, point.load())
    except ImportError as error:
        raise Invalid(
            f"the driver {point.name!r} lacks a library", field="driver", hint="install its extra"
        ) from error
