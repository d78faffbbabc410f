"""From the standard's instance to what placement understands."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hanza.model.errors import Invalid
from hanza.model.ids import VolumeId
from hanza.model.image import BundleId
from hanza.model.instance import Wanted
from hanza.model.kinds import INSTANCE, INSTANCE_SKU, WORKSPACE
from hanza.model.resource import Path, Resource, Words
from hanza.model.skus import find_sku
from hanza.plan.admission import check_name
from hanza.plan.seca.demand import Parts, country_of, hostname_of, not_yet, wanted_of, zone_of
from hanza.plan.seca.regions import Region

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GERMANY = Region("de", "DE", ("berlin",))
WHOLE = Region("eu", None, ("berlin", "zagreb"))
BUNDLE = BundleId("b" * 64)
KEY = "ssh-ed25519 AAAA ana@zagreb"
COUNTRIES = "hanza.policy/countries"


def a_resource(path: Path, countries: str | None = None, **spec: object) -> Resource:
    extensions = {"mine": "x"} if countries is None else {COUNTRIES: countries}
    words = Words(None, None, extensions, spec)
    return Resource("in_1", path, words, 1, NOW, NOW, None, (), 0, {})


def an_instance(countries: str | None = None, zone: str = "any", **more: object) -> Resource:
    path = Path(INSTANCE, "de", "acme", "shop", "web")
    return a_resource(path, countries, zone=zone, userData="x", sshKeys=[KEY], **more)


def a_workspace(countries: str | None = None) -> Resource:
    return a_resource(Path(WORKSPACE, "de", "acme", "", "shop"), countries)


def test_a_new_instance_is_off_and_has_its_skus_size() -> None:
    sku = find_sku(INSTANCE_SKU, "hanza.m")
    assert sku is not None
    wanted = wanted_of(
        an_instance(zone="berlin"),
        a_workspace(),
        GERMANY,
        Parts(sku, "tiny", BUNDLE, VolumeId("vo_1"), 3, (VolumeId("vo_2"),)),
        NOW,
    )
    assert (wanted.power, wanted.power_due, wanted.country, wanted.zone) == (
        "off",
        "off",
        "DE",
        "berlin",
    )
    assert (wanted.spec.cpus, wanted.spec.memory_mib, wanted.spec.disk_mib) == (2, 4096, 3072)
    assert (wanted.spec.image, wanted.bundle, wanted.boot_volume) == ("tiny", BUNDLE, "vo_1")
    assert wanted.volumes == ("vo_1", "vo_2")
    told = wanted.spec
    assert (told.hostname, told.ssh_keys, told.user_data) == ("web", (KEY,), "x")
    assert replace(wanted, power="on", is_restarting=True).power_due == "off"


def test_any_zone_leaves_it_to_placement_and_no_zone_is_refused() -> None:
    assert zone_of(an_instance(), GERMANY) is None
    with pytest.raises(Invalid):
        zone_of(an_instance(zone="zagreb"), GERMANY)


@pytest.mark.parametrize(
    ("region", "workspace", "instance", "country"),
    [
        (GERMANY, None, None, "DE"),
        (GERMANY, "DE,FR", None, "DE"),
        (WHOLE, None, None, None),
        (WHOLE, None, "HR", "HR"),
        (WHOLE, "HR, DE", "HR,FR", "HR"),
    ],
)
def test_the_law_is_the_regions_and_only_ever_narrowed(
    region: Region, workspace: str | None, instance: str | None, country: str
) -> None:
    assert country_of(an_instance(instance), a_workspace(workspace), region) == country


@pytest.mark.parametrize(
    ("region", "workspace", "instance"),
    [
        (GERMANY, "FR", None),
        (GERMANY, None, "FR"),
        (WHOLE, "DE", "FR"),
        (WHOLE, "DE,FR", None),
        (WHOLE, "Germany", None),
        (WHOLE, "", None),
    ],
)
def test_what_leaves_no_single_answer_is_refused(
    region: Region, workspace: str | None, instance: str | None
) -> None:
    with pytest.raises(Invalid):
        country_of(an_instance(instance), a_workspace(workspace), region)


def wanted_for(instance: Resource) -> Wanted:
    sku = find_sku(INSTANCE_SKU, "hanza.m")
    assert sku is not None
    parts = Parts(sku, "tiny", BUNDLE, VolumeId("vo_1"), 3, (VolumeId("vo_2"),))
    return wanted_of(instance, a_workspace(), GERMANY, parts, NOW)


def test_what_has_no_effect_or_came_too_late_is_named() -> None:
    disks = an_instance(dataVolumes=[{}], securityGroupRef={})
    wanted = wanted_for(disks)
    assert not_yet(disks, wanted) == []
    disks = an_instance(securityGroupRef={"resource": "security-groups/none"})
    assert not_yet(disks, wanted) == ["securityGroupRef"]
    assert not_yet(disks, replace(wanted, spec=replace(wanted.spec, user_data="y"))) == [
        "securityGroupRef",
        "userData",
    ]
    silent = a_resource(disks.path, zone="any")
    assert not_yet(silent, wanted) == ["sshKeys", "userData"]
    assert not_yet(silent, wanted_for(silent)) == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"sshKeys": ["mine"]}, "spec.sshKeys"),
        ({"userData": "s3cret\0"}, "spec.userData"),
        ({"userData": "\ud800"}, "spec.userData"),
    ],
)
def test_what_no_guest_can_be_told_is_refused(said: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        wanted_for(a_resource(an_instance().path, zone="any", **said))
    assert refusal.value.field == field
    assert "s3cret" not in refusal.value.text


@pytest.mark.parametrize(
    ("name", "hostname"),
    [("web", "web"), ("web.shop", "web-shop"), ("a" * 62 + ".b", "a" * 62), ("a" * 128, "a" * 63)],
)
def test_a_name_of_the_standard_is_one_label_as_a_host_name(name: str, hostname: str) -> None:
    assert hostname_of(name) == hostname
    assert check_name(hostname, "hostname")
