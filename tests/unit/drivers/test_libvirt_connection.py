"""What is told of a call: `Unavailable` only when nothing happened and nothing will."""

import errno
import threading
from collections.abc import Iterator

import libvirt
import pytest

from hanza.drivers.libvirt import door
from hanza.drivers.libvirt.connection import Call, Connection
from hanza.model.errors import (
    DriverError,
    Exhausted,
    OutcomeUnknown,
    Rejected,
    Unavailable,
    Unsupported,
)

BRIEF_S = 0.2


@pytest.fixture
def connection() -> Iterator[Connection]:
    connection = Connection("test:///default", deadline_s=BRIEF_S)
    connection.warm_up()
    yield connection
    connection.close()


def an_error(code: int, domain: int = libvirt.VIR_FROM_QEMU, number: int = 0) -> Exception:
    error: Exception = libvirt.libvirtError("")
    error.err = (code, domain, "words", 2, None, None, None, number, 0)  # type: ignore[attr-defined]
    return error


LOST = an_error(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_RPC)


def test_a_call_that_is_late_before_its_order_never_gives_it(connection: Connection) -> None:
    go_on, ended = threading.Event(), threading.Event()
    orders: list[str] = []

    def work(_conn: object, call: Call) -> None:
        go_on.wait()
        try:
            with call.act():
                orders.append("too late")
        finally:
            ended.set()

    with pytest.raises(Unavailable):
        connection.run(work)
    go_on.set()
    assert ended.wait(5)
    assert orders == []


def test_a_call_that_is_late_after_its_order_has_an_unknown_outcome(
    connection: Connection,
) -> None:
    go_on = threading.Event()

    def work(_conn: object, call: Call) -> None:
        with call.act():
            go_on.wait()

    with pytest.raises(OutcomeUnknown):
        connection.run(work)
    go_on.set()


def test_a_connection_lost_before_an_order_is_unavailable(connection: Connection) -> None:
    def work(_conn: object, _call: Call) -> None:
        raise LOST

    with pytest.raises(Unavailable):
        connection.run(work)


def test_a_connection_lost_in_an_order_has_an_unknown_outcome(connection: Connection) -> None:
    def work(_conn: object, call: Call) -> None:
        with call.act():
            raise LOST

    with pytest.raises(OutcomeUnknown):
        connection.run(work)


def test_a_refused_first_order_is_unavailable_and_a_refused_second_unknown(
    connection: Connection,
) -> None:
    def first(_conn: object, call: Call) -> None:
        with call.act():
            raise an_error(libvirt.VIR_ERR_OPERATION_FAILED)

    def second(conn: object, call: Call) -> None:
        with call.act():
            pass
        first(conn, call)

    with pytest.raises(Unavailable):
        connection.run(first)
    with pytest.raises(OutcomeUnknown):
        connection.run(second)


def test_a_full_disk_is_exhausted_and_other_file_troubles_are_unavailable(
    connection: Connection,
) -> None:
    def fill(_conn: object, _call: Call) -> None:
        raise OSError(errno.ENOSPC, "full")

    def forbid(_conn: object, _call: Call) -> None:
        raise PermissionError(errno.EACCES, "secret/path")

    with pytest.raises(Exhausted):
        connection.run(fill)
    with pytest.raises(Unavailable) as told:
        connection.run(forbid)
    assert "secret" not in str(told.value)


def test_a_file_in_trouble_once_an_order_was_begun_has_an_unknown_outcome(
    connection: Connection,
) -> None:
    def break_off(_conn: object, call: Call) -> None:
        with call.act():
            raise OSError(errno.EIO, "half of the files are gone")

    def break_after(_conn: object, call: Call) -> None:
        with call.act():
            pass
        raise OSError(errno.EIO, "defined, and its disk could not be renamed")

    for work in (break_off, break_after):
        with pytest.raises(OutcomeUnknown):
            connection.run(work)


def test_a_lock_that_is_held_too_long_is_unavailable(connection: Connection) -> None:
    lock = threading.Lock()

    def work(_conn: object, call: Call) -> None:
        with call.holding(lock):
            pass

    with lock, pytest.raises(Unavailable):
        connection.run(work)
    connection.run(work)
    assert not lock.locked()


def test_nobody_there_is_unavailable_and_stays_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    connection = Connection("qemu+unix:///system?socket=/nowhere/socket", deadline_s=2)
    for _ in range(2):
        with pytest.raises(Unavailable):
            connection.run(lambda conn, _call: conn)
    connection.close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (an_error(libvirt.VIR_ERR_NO_MEMORY), Exhausted),
        (an_error(libvirt.VIR_ERR_SYSTEM_ERROR, number=errno.ENOSPC), Exhausted),
        (an_error(libvirt.VIR_ERR_SYSTEM_ERROR, number=errno.EIO), Unavailable),
        (an_error(libvirt.VIR_ERR_NO_SUPPORT), Unsupported),
        (an_error(libvirt.VIR_ERR_CONFIG_UNSUPPORTED), Unsupported),
        (an_error(libvirt.VIR_ERR_XML_ERROR), Rejected),
        (an_error(libvirt.VIR_ERR_INTERNAL_ERROR), Unavailable),
        (an_error(libvirt.VIR_ERR_OPERATION_TIMEOUT), Unavailable),
    ],
)
def test_an_engines_error_is_told_by_its_number(error: Exception, kind: type[DriverError]) -> None:
    assert not door.is_lost(error)
    assert door.kind_of(error) is kind
