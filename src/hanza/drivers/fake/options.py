"""The fake's entry point: options from a site's configuration into a driver.

hosts=3 cpus=16 memory_mib=65536 disk_mib=1048576   how many hosts, each how large
boot_after_s=2.5                                    serial output comes so long after power on
accelerator=none|tcg|kvm                            what the hosts say of themselves
state=/path/site.json                               the site outlives the process
orders=/path/orders.jsonl                           every order to make or start, with its instant
faults=create:2:silent,destroy:1:lost               what shall go wrong, see `faults`
deny=volumes,resize,serial,ports,console            capabilities it shall not have
images=/path                                        where the agent lays images; it reads none
address=192.0.2.1                                   where it says that ports are published
secret=...                                          stands for a site's password
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar

from hanza.drivers.fake.driver import ABLE, FakeDriver
from hanza.drivers.fake.faults import faults_from_text
from hanza.drivers.fake.orders import OrderBook
from hanza.drivers.fake.site import DEFAULT_SIZE, FakeSite, some_hosts
from hanza.drivers.spi import Capabilities
from hanza.model.capacity import Capacity
from hanza.model.errors import Invalid, Unavailable
from hanza.model.ids import FederationId

KNOWN = frozenset(
    {"hosts", "cpus", "memory_mib", "disk_mib", "boot_after_s", "accelerator"}
    | {"state", "faults", "deny", "secret", "images", "orders", "address"}
)
_ACCELERATORS: dict[str, Literal["kvm", "tcg", "none"]] = {
    "kvm": "kvm",
    "tcg": "tcg",
    "none": "none",
}

Number = TypeVar("Number", int, float)


def open_driver(federation: FederationId, options: Mapping[str, str]) -> FakeDriver:
    """A driver on a site of its own, or on the one in the state file.

    Raises `Invalid` for an option that is unknown or makes no sense, and `Unavailable` while the
    state's folder cannot be written to.
    """
    _refuse_unknown(options)
    size = Capacity(
        cpus=_number(options, "cpus", DEFAULT_SIZE.cpus, int),
        memory_mib=_number(options, "memory_mib", DEFAULT_SIZE.memory_mib, int),
        disk_mib=_number(options, "disk_mib", DEFAULT_SIZE.disk_mib, int),
    )
    accelerator = _ACCELERATORS.get(options.get("accelerator", "none"))
    if accelerator is None:
        raise Invalid("accelerator is one of kvm, tcg, none", field="options.accelerator")
    hosts = some_hosts(max(_number(options, "hosts", 1, int), 1), size)
    address = options.get("address", hosts[0].address)
    site = FakeSite(
        [replace(host, accelerator=accelerator, address=address) for host in hosts],
        boot_after=timedelta(seconds=_number(options, "boot_after_s", 0.0, float)),
        path=_state(options),
        faults=faults_from_text(options.get("faults", "")),
    )
    return FakeDriver(
        site,
        federation,
        _capabilities(options),
        secret=options.get("secret", ""),
        orders=OrderBook(Path(options["orders"])) if "orders" in options else None,
    )


def _state(options: Mapping[str, str]) -> Path | None:
    path = Path(options["state"]) if "state" in options else None
    if path is not None and not os.access(path.parent, os.W_OK | os.X_OK):
        raise Unavailable("the folder of the site's state cannot be written to")
    return path


def _refuse_unknown(options: Mapping[str, str]) -> None:
    unknown = sorted(set(options) - KNOWN)
    if unknown:
        raise Invalid(
            f"the fake driver has no option {unknown[0]!r}",
            field=f"options.{unknown[0]}",
            hint=f"it knows {', '.join(sorted(KNOWN))}",
        )


def _number(
    options: Mapping[str, str], key: str, default: Number, read: Callable[[str], Number]
) -> Number:
    if key not in options:
        return default
    try:
        number = read(options[key])
    except ValueError as error:
        raise Invalid(f"{key} is a number", field=f"options.{key}") from error
    # Not a number fails this comparison too.
    if not 0 <= number < 2**53:
        raise Invalid(f"{key} is out of range", field=f"options.{key}")
    return number


def _capabilities(options: Mapping[str, str]) -> Capabilities:
    denied = set(filter(None, options.get("deny", "").split(",")))
    wrong = sorted(denied - {"volumes", "resize", "serial", "ports", "console"})
    if wrong:
        raise Invalid(f"{wrong[0]!r} cannot be denied", field="options.deny")
    return replace(
        ABLE,
        volumes="volumes" not in denied,
        resize="resize" not in denied,
        serial="serial" not in denied,
        ports="ports" not in denied,
        console="console" not in denied,
    )
