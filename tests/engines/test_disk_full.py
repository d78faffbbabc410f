"""Real full disks: what does not fit is refused in words, and leaves nothing."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hanza.agent import images as agent_images
from hanza.api import images as api_images
from hanza.api.routes import BASE
from hanza.drivers.libvirt.pool import Pool
from hanza.kit.blobs import Blobs
from hanza.kit.clock import ManualClock
from hanza.model.errors import Exhausted
from hanza.model.ids import FederationId, VolumeId
from hanza.model.image import Blob
from hanza.plan.image import bundle_of
from kit.apis import OPERATOR, an_api
from kit.images import a_blob, digest_of
from kit.postgres import throw_away_postgres

MIB = 2**20
Disk = Callable[[int], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A file system of so many bytes."""
    mounted: list[Path] = []

    def make(size: int) -> Path:
        folder = tmp_path / f"disk-{len(mounted)}"
        folder.mkdir()
        words = ("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
        subprocess.run(words, check=True, timeout=30)
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(("umount", str(folder)), check=True, timeout=30)


def test_a_write_that_finds_the_disk_full_leaves_nothing(disk: Disk) -> None:
    folder = disk(MIB)
    content = b"x" * (2 * MIB)
    with pytest.raises(OSError, match="No space") as full:
        Blobs(folder).receive(digest_of(content), [content], len(content), "a")
    assert full.value.errno == errno.ENOSPC
    assert list(folder.iterdir()) == []


def test_a_plane_keeps_room_for_its_database(disk: Disk, tmp_path: Path) -> None:
    folder = disk(api_images.ROOM_KEPT_BYTES + 24 * MIB)
    content = b"x" * (40 * MIB)
    path = f"{BASE}/blobs/{digest_of(content)}"
    chunks = (content[at : at + MIB] for at in range(0, len(content), MIB))
    with an_api(tmp_path, blobs=Blobs(folder), blob_bytes_max=64 * MIB) as (client, _):
        for body in (content, chunks):
            refused = client.put(path, content=body, headers=OPERATOR)
            assert (refused.status_code, refused.json()["code"]) == (412, "full")
    assert [file for file in folder.iterdir() if file.stat().st_size > MIB] == []


def test_a_site_without_room_for_an_image_says_so_and_has_it_once_there_is(disk: Disk) -> None:
    folder = disk(agent_images.ROOM_KEPT_BYTES + 4 * MIB)
    kernel, initrd = b"k" * (3 * MIB), b"i"
    given = {a_blob(content).id: content for content in (kernel, initrd)}

    def fetch(blob: Blob, offset: int) -> Iterator[bytes]:
        yield given[blob.id][offset:]

    clock = ManualClock()
    images = agent_images.Images(folder, fetch, clock)
    bundle = bundle_of(None, a_blob(kernel), a_blob(initrd), "")
    other = folder / "others"
    other.write_bytes(b"x" * (2 * MIB))
    for there_is_room in (False, True):
        images.want([bundle], ())
        images.run_once()
        lacking = images.lacking(bundle.id)
        assert (lacking is None) == there_is_room
        assert lacking is None or lacking.code == "driver.exhausted"
        other.unlink(missing_ok=True)
        clock.advance(agent_images.CEILING)


def test_a_host_without_room_for_a_volume_says_so_and_has_it_once_there_is(disk: Disk) -> None:
    folder = disk(2 * MIB)
    pool = Pool(folder, FederationId("fe_us"))
    volume = VolumeId("vo_1")
    other = folder / "others"
    other.write_bytes(bytes(folder_free(folder)))
    for _ in range(2):
        with pytest.raises(Exhausted):
            pool.make_volume(volume, 64)
    assert list(pool.volumes()) == []
    assert list(pool.volume(volume).parent.iterdir()) == []
    other.unlink()
    pool.make_volume(volume, 64)
    assert list(pool.volumes()) == [(volume, 64, "blank")]
    other.write_bytes(bytes(folder_free(folder)))
    with pytest.raises(Exhausted):
        pool.grow_volume(volume, 128)
    assert list(pool.volumes()) == [(volume, 64, "blank")]
    other.unlink()
    pool.grow_volume(volume, 128)
    assert list(pool.volumes()) == [(volume, 128, "blank")]


def folder_free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def test_a_plane_whose_postgresql_has_no_room_says_so_and_goes_on_once_there_is(
    tmp_path: Path,
) -> None:
    with (
        a_short_disk(80 * MIB) as folder,
        throw_away_postgres(inside=folder) as url,
        an_api(tmp_path, url=url) as (client, _),
    ):
        path, filler = f"{BASE}/tenants", folder / "filler"
        fill(filler)
        refused = client.put(f"{path}/acme", headers=OPERATOR)
        assert (refused.status_code, refused.json()["code"]) == (503, "store.unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert client.get(path, headers=OPERATOR).json()["items"] == [], "it reads on"
        filler.unlink()
        assert client.put(f"{path}/acme", headers=OPERATOR).status_code == 201
        assert len(client.get(path, headers=OPERATOR).json()["items"]) == 1


def fill(file: Path) -> None:
    """Its disk, to the last page."""
    with suppress(OSError), file.open("wb", buffering=0) as out:
        while out.write(bytes(4096)):
            pass


@contextmanager
def a_short_disk(size: int) -> Iterator[Path]:
    """A file system whose path has room for a socket's name, and which PostgreSQL may enter."""
    with tempfile.TemporaryDirectory(prefix="hz-", dir="/tmp") as above:
        Path(above).chmod(0o755)
        folder = Path(above) / "d"
        folder.mkdir()
        words = ("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
        subprocess.run(words, check=True, timeout=30)
        try:
            yield folder
        finally:
            subprocess.run(("umount", str(folder)), check=True, timeout=30)
