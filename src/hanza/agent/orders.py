"""Orders to the driver: their names, which of them come first, and the calls that they are."""

from hanza.drivers.spi import Driver
from hanza.model.guest import Mark
from hanza.model.volume import Stay, VolumeEntry, VolumeTombstone
from hanza.plan.steps import (
    Attach,
    Create,
    DeleteVolume,
    Destroy,
    Detach,
    GrowVolume,
    MakeVolume,
    Order,
    Resize,
    SetPower,
    Sweep,
    VolumeOrder,
    Wish,
)

_NAMES: dict[type[Order], str] = {
    Create: "create",
    Destroy: "destroy",
    Sweep: "sweep",
    SetPower: "set_power",
    Resize: "resize",
    MakeVolume: "create_volume",
    GrowVolume: "grow_volume",
    DeleteVolume: "delete_volume",
    Attach: "attach_volume",
    Detach: "detach_volume",
}
_RANKS: tuple[type[Order], ...] = (
    Destroy,
    Detach,
    DeleteVolume,
    MakeVolume,
    GrowVolume,
    Create,
    Resize,
    Attach,
    SetPower,
    Sweep,
)
"""What frees room comes first, then what takes it; nobody waits for the broom."""


def name_of(order: Order) -> str:
    """The name of the driver's method."""
    return _NAMES[type(order)]


def mark_of(wish: Wish) -> Mark | Stay:
    """Which run, or which stay of a volume, the wish is about."""
    return wish.stay if isinstance(wish, VolumeEntry | VolumeTombstone) else wish.mark


def number_of(wish: Wish) -> int:
    mark = mark_of(wish)
    return mark.number if isinstance(mark, Stay) else mark.run_epoch


def rank_of(order: Order) -> int:
    is_freeing = isinstance(order, SetPower) and order.power == "off"
    return _RANKS.index(Destroy if is_freeing else type(order))


def give(driver: Driver, order: Order) -> None:
    """Raises the five `DriverError`s."""
    match order:
        case Create(mark, host, spec):
            driver.create(mark, host, spec)
        case Destroy(native):
            driver.destroy(native)
        case Sweep(mark):
            driver.sweep(mark)
        case SetPower(native, power):
            driver.set_power(native, power)
        case Resize(native, spec):
            driver.resize(native, spec)
        case _:
            _give_of_volume(driver, order)


def _give_of_volume(driver: Driver, order: VolumeOrder | Attach | Detach) -> None:
    match order:
        case MakeVolume(volume, host, size_mib, image):
            driver.create_volume(volume, host, size_mib, image)
        case GrowVolume(native, size_mib):
            driver.grow_volume(native, size_mib)
        case DeleteVolume(native):
            driver.delete_volume(native)
        case Attach(volume, guest):
            driver.attach_volume(volume, guest)
        case Detach(volume):
            driver.detach_volume(volume)
