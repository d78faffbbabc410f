"""Which ports of a guest are published at its site, and within which bounds."""

from collections.abc import Iterable, Sequence

from hanza.model.errors import Invalid
from hanza.model.guest import GuestSpec, Port

PORTS_MAX = 16
LAST = 65535


def check_ports(ports: Sequence[Port], field: str) -> tuple[Port, ...]:
    """Sorted, so that the same wish in another order is the same wish."""
    if len(ports) > PORTS_MAX:
        raise Invalid(f"at most {PORTS_MAX} ports", field=field)
    for one in ports:
        for number in (one.port, one.to):
            if not 1 <= number <= LAST:
                raise Invalid(f"{number} is not a port from 1 to {LAST}", field=field)
    if len({one.port for one in ports}) < len(ports):
        raise Invalid("a port of the site leads to one port of the guest", field=field)
    return tuple(sorted(ports))


def taken_port(wanted: GuestSpec, others: Iterable[GuestSpec]) -> int | None:
    """The first port that another guest at the same address has already."""
    taken = {one.port for other in others for one in other.ports}
    return next((one.port for one in wanted.ports if one.port in taken), None)
