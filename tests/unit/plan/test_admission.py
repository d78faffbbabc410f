from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hanza.model.capacity import Capacity, at_least_nothing
from hanza.model.errors import Conflict, Invalid
from hanza.model.guest import GuestSpec, Port
from hanza.model.ids import ImageId, InstanceId, VolumeId
from hanza.model.image import ADOPTED, BLANK, Blob, BlobId, BundleId, Image, adopted_native
from hanza.model.instance import Address, Wanted
from hanza.model.policy import Policy
from hanza.model.volume import Disk
from hanza.plan.admission import (
    InstanceWish,
    Keeps,
    admit_image,
    admit_instance,
    check_attribute,
    check_country,
    check_name,
    check_place,
    check_title,
    check_value,
    check_why,
    check_word,
)
from hanza.plan.image import UnknownImage, bundle_of
from hanza.plan.policy import Contradiction

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ID = InstanceId("in_1")
BUNDLE = bundle_of(Blob(BlobId("a" * 64), 7), None, None, "")
IMAGE = Image(ImageId("im_1"), "tiny", BUNDLE, 16, NOW)
WISH = InstanceWish(Address("acme", "shop", "web"), "DE", "tiny", 1, 128, 64, "on")


def admit(
    wish: InstanceWish,
    known: Wanted | None,
    new_id: InstanceId,
    now: datetime,
    *,
    keeps: Keeps = "all",
) -> Wanted:
    return admit_instance(wish, known, new_id, now, image=IMAGE, keeps=keeps)


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
    wanted = admit(WISH, None, ID, NOW)
    assert (wanted.id, wanted.country, wanted.power, wanted.generation) == (ID, "DE", "on", 1)
    assert admit(WISH, wanted, InstanceId("in_2"), NOW) == wanted


def test_power_may_change_and_nothing_else() -> None:
    wanted = admit(WISH, None, ID, NOW)
    off = admit(replace(WISH, power="off"), wanted, ID, NOW)
    assert off == replace(wanted, power="off")
    for change in (
        {"country": "FR"},
        {"image": "other"},
        {"cpus": 2},
        {"memory_mib": 1},
        {"disk_mib": 1},
    ):
        with pytest.raises(Conflict) as refusal:
            admit(replace(WISH, **change), wanted, ID, NOW)
        assert refusal.value.hint
        assert f"exists with {refusal.value.field} " in refusal.value.text


def test_what_a_guest_was_told_stays_and_is_not_quoted() -> None:
    told = replace(WISH, user_data="s3cret", ssh_keys=("ssh-ed25519 AAAA",), hostname="w")
    wanted = admit(told, None, ID, NOW)
    assert (wanted.spec.hostname, wanted.spec.user_data) == ("w", "s3cret")
    assert admit(WISH, None, ID, NOW).spec.hostname == "web"
    assert "s3cret" not in repr((told, wanted))
    for change, field in (
        ({"user_data": "other"}, "userData"),
        ({"ssh_keys": ()}, "sshKeys"),
        ({"hostname": "v"}, "hostname"),
        ({"ports": (Port(8080, 80),)}, "ports"),
    ):
        with pytest.raises(Conflict) as refusal:
            admit(replace(told, **change), wanted, ID, NOW)
        assert refusal.value.field == field
        assert "s3cret" not in refusal.value.text


def test_what_is_being_destroyed_cannot_be_asked_for_again_yet() -> None:
    wanted = replace(admit(WISH, None, ID, NOW), is_ended=True)
    with pytest.raises(Conflict):
        admit(WISH, wanted, ID, NOW)


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
        admit(replace(WISH, **change), None, ID, NOW)


@pytest.mark.parametrize("word", ["", "Store", "micro-dc", "1st", "x" * 64, "a\n"])
def test_words_of_the_vocabulary_are_lower_snake(word: str) -> None:
    for check in (check_word, check_attribute):
        with pytest.raises(Invalid):
            check(word, "class")
    assert check_word("micro_dc", "class") == "micro_dc"
    assert check_value("ISO 27001", "value") == "ISO 27001"


GERMAN = Policy(countries=frozenset({"DE"}))


def test_a_policy_is_enough_and_so_is_a_country_but_neither_is_not() -> None:
    by_policy = replace(WISH, country=None, policy=GERMAN, app="shop", component="web")
    row = admit(by_policy, None, ID, NOW)
    assert (row.country, row.policy, row.app, row.component) == (None, GERMAN, "shop", "web")
    assert admit(by_policy, row, ID, NOW) == row
    for change, field in (
        ({"country": None}, "country"),
        ({"app": "No"}, "app"),
        ({"app": "a", "component": "No"}, "component"),
        ({"component": "web"}, "app"),
    ):
        with pytest.raises(Invalid) as refusal:
            admit(replace(WISH, **change), None, ID, NOW)  # type: ignore[arg-type]
        assert refusal.value.field == field
    with pytest.raises(Contradiction):
        admit(replace(WISH, country="FR", policy=GERMAN), None, ID, NOW)


def test_what_has_a_place_keeps_its_policy_and_what_has_none_may_change_everything() -> None:
    known = admit(WISH, None, ID, NOW)
    other = replace(WISH, policy=GERMAN, memory_mib=256)
    with pytest.raises(Conflict) as refusal:
        admit(replace(WISH, policy=GERMAN), known, ID, NOW)
    assert refusal.value.field == "policy"
    changed = admit(other, known, ID, NOW, keeps="nothing")
    assert (changed.policy, changed.spec.memory_mib, changed.id) == (GERMAN, 256, ID)


def test_an_image_is_known_and_its_disk_fits() -> None:
    assert admit_image(IMAGE, "tiny", 16) == BUNDLE.id
    assert admit_image(None, BLANK, 1) is None
    for name in ("tiny", "x" * 500):
        with pytest.raises(UnknownImage) as unknown:
            admit_image(None, name, 64)
        assert (unknown.value.field, unknown.value.code) == ("image", "image.unknown")
        assert len(unknown.value.text) < 200
    with pytest.raises(Invalid) as refusal:
        admit_image(IMAGE, "tiny", 15)
    assert refusal.value.field == "disk"


def test_what_a_name_means_is_looked_up_until_there_is_a_place_and_then_kept() -> None:
    known = admit(WISH, None, ID, NOW)
    assert known.bundle == BUNDLE.id
    later = replace(IMAGE, bundle=replace(BUNDLE, id=BundleId("b" * 64)))
    kept = admit_instance(WISH, known, ID, NOW, image=later)
    assert kept == known
    assert admit_instance(WISH, known, ID, NOW, image=None) == known
    anew = admit_instance(WISH, known, ID, NOW, image=later, keeps="nothing")
    assert anew.bundle == "b" * 64
    for before in (None, known):
        with pytest.raises(UnknownImage):
            admit_instance(WISH, before, ID, NOW, image=None, keeps="nothing")


def test_a_member_of_an_app_that_is_written_whole_may_become_anything_but_anothers() -> None:
    wish = replace(WISH, app="shop", component="web")
    known = admit_instance(wish, None, ID, NOW, image=IMAGE)
    other = replace(wish, image="other", memory_mib=256, policy=GERMAN)
    changed = admit_instance(other, known, ID, NOW, image=IMAGE, keeps="team")
    assert (changed.spec.image, changed.policy, changed.id) == ("other", GERMAN, ID)
    for change in ({"app": "bazaar"}, {"component": "db"}):
        with pytest.raises(Conflict):
            admit_instance(replace(wish, **change), known, ID, NOW, image=IMAGE, keeps="team")
    of_the_standard = replace(known, boot_volume="vo_1")
    with pytest.raises(Conflict):
        admit_instance(other, of_the_standard, ID, NOW, image=IMAGE, keeps="nothing")


def test_what_a_members_image_means_is_kept_until_its_spec_changes() -> None:
    wish = replace(WISH, app="shop", component="web")
    known = admit_instance(wish, None, ID, NOW, image=IMAGE)
    later = replace(IMAGE, bundle=replace(BUNDLE, id=BundleId("b" * 64)))
    assert admit_instance(wish, known, ID, NOW, image=later, keeps="team") == known
    other = replace(wish, memory_mib=2 * WISH.memory_mib)
    assert admit_instance(other, known, ID, NOW, image=later, keeps="team").bundle == "b" * 64


DATA = replace(WISH, disks=(Disk("data", 64),))


def test_volumes_come_go_and_grow_where_it_runs() -> None:
    known = admit(DATA, None, ID, NOW)
    assert known.disks == DATA.disks
    for disks in ((), (Disk("data", 65),), (Disk("data", 64), Disk("log", 1))):
        changed = admit(replace(DATA, disks=disks), known, ID, NOW)
        assert changed == replace(known, disks=disks)
    assert admit(DATA, known, ID, NOW) == known
    with pytest.raises(Conflict) as refusal:
        admit(replace(DATA, disks=(Disk("data", 63),)), known, ID, NOW)
    assert (refusal.value.field, "only grow" in refusal.value.text) == ("volumes", True)


def test_what_is_the_standards_has_its_volumes_there() -> None:
    known = replace(admit(WISH, None, ID, NOW), boot_volume=VolumeId("vo_1"))
    with pytest.raises(Conflict) as refusal:
        admit(DATA, known, ID, NOW)
    assert refusal.value.field == "volumes"


@pytest.mark.parametrize(
    "disks",
    [
        (Disk("data", 0),),
        (Disk("data", 2**40),),
        (Disk("Data", 1),),
        (Disk("../data", 1),),
        (Disk("data", 1), Disk("data", 2)),
        tuple(Disk(f"d{n}", 1) for n in range(17)),
    ],
)
def test_volumes_that_cannot_be_are_refused(disks: tuple[Disk, ...]) -> None:
    with pytest.raises(Invalid) as refusal:
        admit(replace(WISH, disks=disks), None, ID, NOW)
    assert refusal.value.field == "volumes"


def test_what_cannot_change_is_told_by_its_name() -> None:
    known = admit(WISH, None, ID, NOW)
    with pytest.raises(Conflict) as refusal:
        admit(replace(WISH, cpus=2), known, ID, NOW)
    assert refusal.value.text == "'web' exists with cpus 1; it cannot become 2"


def test_what_was_there_before_us_stays_what_it_is_and_is_switched() -> None:
    spec = GuestSpec("web", f"{ADOPTED}n-1", 3, 700, 0)
    known = Wanted(ID, WISH.address, "DE", spec, "on", 1, NOW, zone="si-lju-1")
    wish = replace(WISH, image=f"{ADOPTED}n-1", power="off")
    assert admit(wish, known, ID, NOW) == replace(known, power="off")
    for image in ("tiny", f"{ADOPTED}n-2"):
        with pytest.raises((Conflict, Invalid)):
            admit(replace(WISH, image=image), known, ID, NOW)
    with pytest.raises(Invalid):
        admit(wish, None, ID, NOW)


def test_nothing_is_offered_below_nothing() -> None:
    assert at_least_nothing(Capacity(1, -2, 3)) == Capacity(1, 0, 3)
    assert adopted_native("tiny") is None
    assert adopted_native(f"{ADOPTED}n-1") == "n-1"


def test_a_reason_may_be_left_out_and_is_otherwise_a_title() -> None:
    assert check_why("", "why") == ""
    assert check_why("the roof leaks", "why") == "the roof leaks"
    with pytest.raises(Invalid) as refused:
        check_why("a\nb", "why")
    assert refused.value.field == "why"
