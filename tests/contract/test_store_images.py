"""What the store promises of images, the same for both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.model.errors import Conflict, InUse, NotFound
from hanza.model.ids import AgentId
from hanza.store import images
from kit.images import a_blob, a_qcow2, an_image
from kit.leagues import League, a_league

DISK = a_qcow2(32)


@pytest.fixture
def league(tmp_path: Path, database_url: str) -> Iterator[League]:
    with a_league(tmp_path, url=database_url) as league:
        yield league


def test_a_name_keeps_its_bundle_and_a_bundle_may_have_names(league: League) -> None:
    store, blobs = league.store, league.plane.blobs
    first = store.write(images.put_image, an_image("web", blobs, DISK))
    assert store.write(images.put_image, an_image("web", blobs, DISK)) == first
    other = store.write(images.put_image, an_image("db", blobs, DISK))
    assert other.bundle == first.bundle
    with pytest.raises(Conflict):
        store.write(images.put_image, an_image("web", blobs, a_qcow2(33)))
    assert [image.name for image in store.read(images.list_images)] == ["db", "tiny", "web"]
    store.write(images.remove_image, "web")
    assert store.read(images.get_image, "db") == other
    assert a_blob(DISK).id in store.read(images.list_blobs)
    store.write(images.remove_image, "db")
    assert a_blob(DISK).id not in store.read(images.list_blobs)
    for name in ("db", "never"):
        with pytest.raises(NotFound):
            store.write(images.remove_image, name)


def test_an_image_stays_until_the_last_instance_of_it_is_gone(league: League) -> None:
    league.add_site("zagreb", "HR")
    league.put("kava", "HR")
    league.run_until(lambda: league.shown()["kava"][:2] == ("active", "on"))
    league.delete("kava")
    with pytest.raises(InUse):
        league.store.write(images.remove_image, "tiny")
    league.run_until(lambda: league.shown() == {})
    league.store.write(images.remove_image, "tiny")


def test_an_agent_may_have_the_blobs_of_what_is_placed_with_it_and_no_others(
    league: League,
) -> None:
    zagreb, frankfurt = league.add_site("zagreb", "HR"), league.add_site("frankfurt", "DE")
    other = league.store.write(images.put_image, an_image("other", league.plane.blobs, DISK))
    assert other.bundle.disk is not None
    league.put("kava", "HR")
    blob = a_blob(a_qcow2()).id
    assert not league.store.read(images.may_fetch, zagreb.id, blob)
    league.run_until(lambda: league.shown()["kava"][0] == "active")
    assert league.store.read(images.may_fetch, zagreb.id, blob)
    assert not league.store.read(images.may_fetch, frankfurt.id, blob)
    assert not league.store.read(images.may_fetch, zagreb.id, other.bundle.disk.id)
    assert not league.store.read(images.may_fetch, AgentId("ag_nobody"), blob)
