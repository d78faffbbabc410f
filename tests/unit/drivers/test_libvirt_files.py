"""The libvirt driver's files: serial logs that stay small, disks that are never half made."""

import os
import subprocess
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hanza.drivers.libvirt import open_driver
from hanza.drivers.libvirt.images import Images, host_tsc_khz
from hanza.drivers.libvirt.pool import STALE_AFTER_S, FileLock, Pool, virtual_mib
from hanza.drivers.libvirt.serial import KEEP_BYTES, TRIM_ABOVE_BYTES, SerialLogs
from hanza.model.errors import Rejected, Unavailable
from hanza.model.ids import FederationId, NativeId, VolumeId

GUEST = NativeId("00000000-0000-4000-8000-000000000001")
US = FederationId("fe_us")
V = VolumeId("vo_1")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def logs(tmp_path: Path) -> SerialLogs:
    return SerialLogs(tmp_path / "serial")


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path / "pool", US)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    file = tmp_path / "base.qcow2"
    subprocess.run(("qemu-img", "create", "-q", "-f", "qcow2", file, "16M"), check=True, timeout=30)
    return file


def test_a_chatty_guests_log_stays_small_on_disk_and_still_tells_how_much_it_said(
    logs: SerialLogs,
) -> None:
    block = b"x" * 99_999 + b"\n"
    with logs.path(GUEST).open("ab", buffering=0) as guest:
        for count in range(1, 101):
            guest.write(block)
            assert logs.written(GUEST) == count * len(block)
        guest.write(b"the last words")
    status = logs.path(GUEST).stat()
    assert status.st_blocks * 512 <= TRIM_ABOVE_BYTES + 3 * KEEP_BYTES
    assert logs.tail(GUEST, 20) == b"xxxxx\nthe last words"
    assert logs.tail(GUEST, 10**9).endswith(b"the last words")
    assert len(logs.tail(GUEST, 10**9)) == KEEP_BYTES


def test_a_guest_that_never_ran_has_said_nothing(logs: SerialLogs) -> None:
    assert logs.written(GUEST) == 0
    assert logs.tail(GUEST, 100) == b""
    assert logs.tail(NativeId("../../etc/passwd"), 100) == b""
    logs.remove(GUEST)


def test_a_disk_is_under_its_name_only_when_its_guest_is_defined(pool: Pool, base: Path) -> None:
    pool.prepare_disk(GUEST, base, 64)
    assert not pool.disk(GUEST).exists()
    pool.finish_disk(GUEST)
    assert virtual_mib(pool.disk(GUEST)) == 64
    pool.finish_disk(GUEST)
    pool.grow_disk(GUEST, 80)
    pool.grow_disk(GUEST, 72)
    assert virtual_mib(pool.disk(GUEST)) == 80


def test_a_disk_that_is_there_is_never_replaced(pool: Pool, base: Path) -> None:
    pool.prepare_disk(GUEST, base, 64)
    pool.finish_disk(GUEST)
    before = pool.disk(GUEST).stat().st_ino
    pool.prepare_disk(GUEST, base, 80)
    pool.finish_disk(GUEST)
    pool.prepare_disk(GUEST, base, 64)
    unfinished = pool.disk(GUEST).with_suffix(".qcow2.new")
    unfinished.write_bytes(b"of a process that died")
    pool.finish_disk(GUEST)
    assert pool.disk(GUEST).stat().st_ino == before
    assert virtual_mib(pool.disk(GUEST)) == 80
    assert not unfinished.exists()


def test_a_disk_smaller_than_its_image_is_rejected(pool: Pool, base: Path) -> None:
    with pytest.raises(Rejected):
        pool.prepare_disk(GUEST, base, 15)
    with pytest.raises(Rejected):
        pool.prepare_disk(GUEST, base.with_name("none"), 64)


def test_what_a_dead_process_left_half_made_is_swept_and_nothing_else(
    pool: Pool, base: Path
) -> None:
    others = NativeId("00000000-0000-4000-8000-000000000002")
    young = NativeId("00000000-0000-4000-8000-000000000003")
    for native in (GUEST, others, young):
        pool.prepare_disk(native, base, 64)
    pool.make_volume(V, 8)
    making = pool.volume(V).with_suffix(".making")
    making.touch()
    stale = (pool.seed(GUEST), pool.seed(others))
    for one in stale:
        one.touch()
    (pool.seed(GUEST).parent / ".seed-half").mkdir()
    disk = pool.disk(GUEST)
    disk.touch()
    folder = disk.parent
    for file in (*folder.iterdir(), making, pool.volume(V)):
        if young not in file.name:
            os.utime(file, (LONG_AGO, LONG_AGO))
    pool.sweep({others})
    left = {file.name for file in folder.iterdir()}
    kept = {f"{others}.qcow2.new", f"{others}.seed.iso", f"{young}.qcow2.new"}
    assert left == {disk.name, *kept}
    assert [file.name for file in making.parent.iterdir()] == ["vo_1.qcow2"]
    assert STALE_AFTER_S >= 60


def test_volumes_are_read_from_their_own_files_and_from_nothing_else(pool: Pool) -> None:
    pool.make_volume(V, 8)
    folder = pool.volume(V).parent
    folder.joinpath("notes.txt").write_text("not a volume")
    folder.joinpath("vo_2.qcow2").write_text("not a disk")
    assert list(pool.volumes()) == [(V, 8, "blank")]
    pool.grow_volume(V, 9)
    assert pool.volume_mib(NativeId(V)) == 9
    assert pool.volume_mib(NativeId("../volumes/vo_1")) is None
    pool.remove_volume(V)
    assert list(pool.volumes()) == []


def test_one_holder_of_the_pools_lock_at_a_time(tmp_path: Path) -> None:
    ours, theirs = (Pool(tmp_path, US).lock for _ in range(2))
    assert ours.acquire(timeout=1)
    assert not theirs.acquire(timeout=0.05)
    assert not ours.acquire(timeout=0.05)
    ours.release()
    assert theirs.acquire(timeout=1)
    theirs.release()


def test_a_lock_that_cannot_be_taken_stays_free(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "lock"
    lock = FileLock(path)
    with pytest.raises(FileNotFoundError):
        lock.acquire(timeout=1)
    path.parent.mkdir()
    assert lock.acquire(timeout=1)
    lock.release()


def test_folders_that_cannot_be_used_are_unavailable(tmp_path: Path) -> None:
    options = {
        "uri": f"qemu+unix:///system?socket={tmp_path}/nobody",
        "accelerator": "tcg",
        **{key: str(tmp_path / key) for key in ("images", "pool", "serial")},
    }
    (tmp_path / "pool").touch()
    with pytest.raises(Unavailable):
        open_driver(US, options)
    (tmp_path / "pool").unlink()
    (tmp_path / "serial" / f"{GUEST}.log").mkdir(parents=True)
    with closing(open_driver(US, options)) as driver, pytest.raises(Unavailable):
        driver.serial_tail(GUEST, 100)


def test_an_image_boots_by_its_kernel_or_from_its_disk(tmp_path: Path) -> None:
    for name in ("direct", "disk"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "disk.qcow2").touch()
    (tmp_path / "direct" / "kernel").touch()
    (tmp_path / "direct" / "cmdline").write_text("console=ttyS0\n")
    images = Images(tmp_path)
    direct = images.boot("direct", emulated=False)
    assert direct is not None
    assert direct.cmdline == "console=ttyS0"
    emulated = images.boot("direct", emulated=True)
    assert emulated is not None
    assert emulated.cmdline.startswith("console=ttyS0 no_timer_check mitigations=off")
    assert images.boot("disk", emulated=True) is None
    assert images.disk("direct") == tmp_path / "direct" / "disk.qcow2"
    (tmp_path / "direct" / "disk.qcow2").unlink()
    assert images.disk("direct") is None
    with pytest.raises(Rejected):
        images.disk("absent")


def test_the_hosts_clock_rate_is_the_refined_one(tmp_path: Path) -> None:
    log = tmp_path / "kmsg"
    log.write_text("6,1,0,-;tsc: Detected 2599.998 MHz processor\n")
    assert host_tsc_khz(log) == 2599998
    log.write_text("6,9,9,-;tsc: Refined TSC clocksource calibration: 2596.146 MHz\n")
    assert host_tsc_khz(log) == 2596146
    log.write_text("nothing of the kind\n")
    assert host_tsc_khz(log) is None
    assert host_tsc_khz(tmp_path / "absent") is None


def test_a_folder_with_a_long_path_has_logs_and_no_consoles() -> None:
    with tempfile.TemporaryDirectory() as folder:
        short = 107 - len(f"{folder}//{GUEST}.sock")
        fits = SerialLogs(Path(folder, "x" * short))
        too_long = SerialLogs(Path(folder, "y" * (short + 1)))
        socket = fits.socket(GUEST)
        assert socket is not None
        assert len(str(socket)) == 107
        assert too_long.socket(GUEST) is None
        fits.path(GUEST).touch()
        socket.touch()
        fits.remove(GUEST)
        fits.remove(GUEST)
        assert list(socket.parent.iterdir()) == []
