from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hanza.model.errors import Conflict, Invalid
from hanza.model.guest import Port
from hanza.model.ids import ImageId, InstanceId
from hanza.model.image import Blob, BlobId, Image
from hanza.model.instance import Address
from hanza.plan.admission import (
    InstanceWish,
    admit_image,
    admit_instance,
    check_country,
    check_name,
    check_place,
    check_title,
)
from hanza.plan.image import bundle_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ID = InstanceId("in_1")
WISH = InstanceWish(Address("acme", "shop", "web"), "DE", "tiny", 1, 128, 64, "on")


@pytest.mark.parametrize("name", ["a", "a-1", "x" * 63, "0"])
def test_names_that_are_names(name: str) -> None:
    assert check_name(name, "name") == name


@pytest.mark.parametrize(
    "name", ["", "A", "-a", "a-", "x" * 64, "a_b", "a b", "a\n", "ä", "a/../b", "x" * 5000, "a.b"]
)
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_name(name, "name")
    assert refusal.value.field == "name"
    assert len(refusal.value.text) < 200


@pytest.mark.parametrize("country", ["", "de", "DEU", "D1", "DE\n"])
def test_countries_that_are_none(country: str) -> None:
    with pytest.raises(Invalid):
        check_country(country, "country")


@pytest.mark.parametrize("title", ["", "x" * 201, "a\nb", "a\x1b[2J"])
def test_titles_that_are_none(title: str) -> None:
    with pytest.raises(Invalid):
        check_title(title, "title")
    assert check_title("Kontora d.o.o.", "title") == "Kontora d.o.o."


@pytest.mark.parametrize(
    "place", [(91.0, 0.0), (-91.0, 0.0), (0.0, 181.0), (0.0, -181.0), (float("nan"), 0.0)]
)
def test_places_that_are_nowhere(place: tuple[float, float]) -> None:
    with pytest.raises(Invalid):
        check_place(*place)
    check_place(90.0, -180.0)


def test_a_wish_becomes_a_row_and_the_same_wish_changes_nothing() -> None:
    wanted = admit_instance(WISH, None, ID, NOW)
    assert (wanted.id, wanted.country, wanted.power, wanted.generation) == (ID, "DE", "on", 1)
    assert admit_instance(WISH, wanted, InstanceId("in_2"), NOW) == wanted


def test_power_may_change_and_nothing_else() -> None:
    wanted = admit_instance(WISH, None, ID, NOW)
    off = admit_instance(replace(WISH, power="off"), wanted, ID, NOW)
    assert off == replace(wanted, power="off")
    for change in (
        {"country": "FR"},
        {"image": "other"},
        {"cpus": 2},
        {"memory_mib": 1},
        {"disk_mib": 1},
    ):
        with pytest.raises(Conflict) as refusal:
            admit_instance(replace(WISH, **change), wanted, ID, NOW)
        assert refusal.value.hint


def test_what_a_guest_was_told_stays_and_is_not_quoted() -> None:
    told = replace(WISH, user_data="s3cret", ssh_keys=("ssh-ed25519 AAAA",), hostname="w")
    wanted = admit_instance(told, None, ID, NOW)
    assert (wanted.spec.hostname, wanted.spec.user_data) == ("w", "s3cret")
    assert admit_instance(WISH, None, ID, NOW).spec.hostname == "web"
    assert "s3cret" not in repr((told, wanted))
    for change, field in (
        ({"user_data": "other"}, "userData"),
        ({"ssh_keys": ()}, "sshKeys"),
        ({"hostname": "v"}, "hostname"),
        ({"ports": (Port(8080, 80),)}, "ports"),
    ):
        with pytest.raises(Conflict) as refusal:
            admit_instance(replace(told, **change), wanted, ID, NOW)
        assert refusal.value.field == field
        assert "s3cret" not in refusal.value.text


def test_what_is_being_destroyed_cannot_be_asked_for_again_yet() -> None:
    wanted = replace(admit_instance(WISH, None, ID, NOW), is_ended=True)
    with pytest.raises(Conflict):
        admit_instance(WISH, wanted, ID, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"cpus": 0},
        {"cpus": 1025},
        {"memory_mib": 0},
        {"disk_mib": -1},
        {"disk_mib": 2**40},
        {"image": "../etc"},
        {"country": "Germany"},
        {"hostname": "Web"},
        {"ssh_keys": ("x",)},
        {"user_data": "\0"},
        {"ports": (Port(0, 80),)},
        {"address": Address("acme", "shop", "Web")},
        {"address": Address("acme", "", "web")},
        {"address": Address("ACME", "shop", "web")},
    ],
)
def test_wishes_that_no_site_could_grant_are_refused_at_once(change: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        admit_instance(replace(WISH, **change), None, ID, NOW)


def test_an_image_is_known_and_its_disk_fits() -> None:
    bundle = bundle_of(Blob(BlobId("a" * 64), 7), None, None, "")
    image = Image(ImageId("im_1"), "tiny", bundle, 64, NOW)
    assert admit_image(image, WISH) is image
    for known, wish, field in (
        (None, WISH, "image"),
        (None, replace(WISH, image="x" * 500), "image"),
        (image, replace(WISH, disk_mib=63), "disk"),
    ):
        with pytest.raises(Invalid) as refusal:
            admit_image(known, wish)
        assert refusal.value.field == field
        assert len(refusal.value.text) < 200
