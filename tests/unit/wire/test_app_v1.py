import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.model.errors import Invalid, Refusal
from hanza.model.guest import Port
from hanza.model.policy import PRESETS, Near, Policy, Spread
from hanza.model.volume import Disk
from hanza.wire.app_schema import ComponentDoc, app_schema, members_of
from hanza.wire.app_v1 import app_from_yaml, policy_from_yaml
from hanza.wire.places import load_cities

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"

GOOD = """\
apiVersion: hanza.app/v1
workspace: demo
components:
  - name: kava
    country: NO
    image: tiny
    memory: 1Gi
    disk: 64Mi
  - {name: db, country: DE, image: tiny, memory: 96Mi, disk: 64Mi, cpus: 2, power: off}
"""


def test_a_file_becomes_an_app_and_norway_stays_norway() -> None:
    app = app_from_yaml(GOOD.encode(), "app.yaml")
    assert app.workspace == "demo"
    kava, db = app.components
    assert (kava.name, kava.country, kava.memory_mib, kava.cpus, kava.power) == (
        "kava",
        "NO",
        1024,
        1,
        "on",
    )
    assert (db.cpus, db.power) == (2, "off")


TOLD = """\
    hostname: kava-1
    sshKeys:
      - ssh-ed25519 AAAA ana@zagreb
    userData: |
      #cloud-config
      runcmd: [reboot]
"""


def test_what_a_guest_is_told_is_taken_as_it_stands() -> None:
    content = GOOD.replace("    disk: 64Mi\n", "    disk: 64Mi\n" + TOLD, 1)
    kava, db = app_from_yaml(content.encode(), "app.yaml").components
    assert kava.hostname == "kava-1"
    assert kava.ssh_keys == ("ssh-ed25519 AAAA ana@zagreb",)
    assert kava.user_data == "#cloud-config\nruncmd: [reboot]\n"
    assert "reboot" not in repr(kava)
    assert (db.hostname, db.ssh_keys, db.user_data) == ("", (), "")
    for old, new, line in (
        ("kava-1", "Kava", 9),
        ("ssh-ed25519 AAAA ana@zagreb", "whatever", 11),
        ("#cloud-config", "x" * 70000, 12),
    ):
        with pytest.raises(Invalid) as refusal:
            app_from_yaml(content.replace(old, new, 1).encode(), "app.yaml")
        assert refusal.value.field is not None
        assert refusal.value.field.startswith(f"app.yaml:{line}:")


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        ("[{port: 8080, to: 80}, {port: 22}]", (Port(22, 22), Port(8080, 80))),
        ("[{port: 0}]", None),
        ("[{port: 80}, {port: 80, to: 81}]", None),
        ("[{to: 80}]", None),
        ("[80]", None),
        ("80", None),
        ("[{port: 80, proto: udp}]", None),
    ],
)
def test_ports_are_numbers_that_can_be(ports: str, said: tuple[Port, ...] | None) -> None:
    content = GOOD.replace("    disk: 64Mi\n", f"    disk: 64Mi\n    ports: {ports}\n", 1).encode()
    if said is not None:
        assert app_from_yaml(content, "app.yaml").components[0].ports == said
        return
    with pytest.raises(Invalid) as refusal:
        app_from_yaml(content, "app.yaml")
    assert str(refusal.value.field).startswith("app.yaml:9:")


@pytest.mark.parametrize(
    ("old", "new", "place", "text"),
    [
        ("hanza.app/v1", "hanza.app/v9", "1:13", "hanza.app/v1"),
        ("workspace: demo", "workspace: Demo", "2:12", "name"),
        ("workspace: demo", "workspac: demo", "2:1", "not known"),
        ("workspace: demo\n", "", "1:1", "missing"),
        ("country: NO", "country: Norway", "5:14", "country"),
        ("memory: 1Gi", "memory: 1GB", "7:13", "96Mi"),
        ("memory: 1Gi", "memory: [1]", "7:13", "word"),
        ("cpus: 2", "cpus: 2.5", "9:74", "whole number"),
        ("power: off", "power: maybe", "9:84", "on or off"),
        ("name: db", "name: kava", "9:5", "another"),
        ("    image: tiny\n", "    image: tiny\n    image: tiny\n", "7:5", "twice"),
        ("name: kava", "name: &a kava", "4:11", "aliases"),
        ("workspace: demo", "workspace: *a", "2:12", "aliases"),
        ("workspace: demo", "workspace: ]", "2:12", ""),
    ],
)
def test_errors_say_where_and_what_was_expected(old: str, new: str, place: str, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        app_from_yaml(GOOD.replace(old, new, 1).encode(), "app.yaml")
    assert refusal.value.field == f"app.yaml:{place}"
    assert text in refusal.value.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"- a\n- b\n",
        b"a: b\n---\nc: d\n",
        b"[" * 5000,
        b"x" * (2**20 + 1),
        b"!!python/object:os.system {}",
        b"apiVersion: hanza.app/v1\nworkspace: demo\ncomponents: []\n",
        b"{? [a] : b}",
    ],
)
def test_hostile_files_are_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        app_from_yaml(content, "app.yaml")


@given(st.text())
def test_no_text_does_worse_than_a_refusal(text: str) -> None:
    try:
        app_from_yaml(text.encode("utf-8", "replace"), "app.yaml")
    except Invalid:
        return


SHOP = """\
apiVersion: hanza.app/v1
name: shop
workspace: demo
policy:
  residency: [DE, NL, SI]
  providers: {deny: [elsewhere]}
components:
  - name: web
    image: tiny
    memory: 96Mi
    disk: 64Mi
    replicas: 2
    near: [Ljubljana, {city: Amsterdam, maxMs: 40}]
  - name: db
    image: tiny
    memory: 2Gi
    disk: 8Gi
    policy: {residency: [DE], goals: cheapest, caps: {price: "30.5"}}
"""

THREE = "policy: {spread: [{over: site, min: 3}]}"


def test_a_named_app_has_replicas_to_which_the_points_are_dealt() -> None:
    app = app_from_yaml(SHOP.encode(), "shop.yaml")
    assert (app.name, [one.name for one in app.components]) == ("shop", ["web-1", "web-2", "db"])
    first, second, db = app.components
    assert first.policy is not None
    assert second.policy is not None
    assert db.policy is not None
    assert first.policy.near == (Near(load_cities().find("Ljubljana", "")),)
    assert second.policy.near == (Near(load_cities().find("Amsterdam", ""), 40),)
    assert first.policy.spreads == (Spread("site", is_hard=False),)
    assert (first.component, db.component, first.country) == ("web", "db", None)
    assert (db.policy.countries, db.policy.providers_denied) == ({"DE"}, {"elsewhere"})
    assert (db.policy.goals, db.policy.price_max) == (PRESETS["cheapest"], 30_500_000)
    assert db.spec["policy"]["residency"] == {"allow": ["DE"]}
    assert db.spec["component"] == "db"


def test_the_short_form_asks_for_no_more_than_before() -> None:
    kava = app_from_yaml(GOOD.encode(), "app.yaml").components[0]
    assert kava.spec == {
        "country": "NO",
        "image": "tiny",
        "cpus": 1,
        "memoryMiB": 1024,
        "diskMiB": 64,
        "power": "on",
    }


@pytest.mark.parametrize(
    ("old", "new", "place", "text"),
    [
        ("residency: [DE, NL, SI]", "residency: [DE, Nowhere]", "5:19", "neither a country"),
        ("residency: [DE, NL, SI]", "residancy: [DE]", "5:3", "'residancy' is not known here"),
        ("residency: [DE, NL, SI]", "residancy: [DE]", "5:3", "known are residency, regions, prov"),
        ("{deny: [elsewhere]}", "{denny: [x]}", "6:15", "known are allow, deny"),
        ("{city: Amsterdam, ", "{town: Amsterdam, ", "13:24", "known are city, name, latitude"),
        ("residency: [DE, NL, SI]", "residency: []", "5:14", "length"),
        ("{deny: [elsewhere]}", "{deny: [elsewhere], alow: [x]}", "6:34", "'alow' is not known"),
        ("{deny: [elsewhere]}", "{deny: [else where]}", "6:22", "is not a name"),
        ("policy:\n  residency", "policy: x\nq:\n  residency", "5:1", "not known"),
        ("[Ljubljana, {", "[Lubljana, {", "13:12", "no city"),
        ("maxMs: 40", "maxMs: 0", "13:48", ">= 1"),
        ("maxMs: 40", "maxMs: far", "13:48", "int"),
        ("city: Amsterdam", "city: Atlantis", "13:30", "no city"),
        ("city: Amsterdam, ", "", "13:23", "latitude"),
        ("near: [Ljubljana, {city: Amsterdam, maxMs: 40}]", "near: here", "13:11", "array"),
        ("replicas: 2", "replicas: 0", "12:15", "1 to 1024"),
        ("replicas: 2", "replicas: 1025", "12:15", "1 to 1024"),
        ("name: shop\n", "", "11:15", "give the app a name"),
        ("policy: {residency: [DE],", "policy: {residency: [FR],", "18:13", "db says allow FR"),
        ("name: db\n", "name: db\n    country: FR\n", "19:13", "its country says allow FR"),
        ("    policy: {", "    near: [Graz]\n    policy: {near: [Graz], ", "18:11", "here and"),
        ("    policy: {res", "    near: [Graz, 1x]\n    policy: {res", "18:18", "no city"),
        ("goals: cheapest", "goals: best", "18:38", "none of"),
        ("policy: {residency: [DE], ", "policy: DE # {", "18:13", "object"),
        ("name: db", "name: web-1", "14:5", "another component"),
        ("replicas: 2", f"replicas: 2\n    {THREE}", "13:13", "cannot stand"),
        ("name: web", "name: " + "w" * 63, "8:11", "is not a name"),
    ],
)  # fmt: skip
def test_policies_refuse_with_the_place_too(old: str, new: str, place: str, text: str) -> None:
    assert old in SHOP
    with pytest.raises(Refusal) as refusal:
        app_from_yaml(SHOP.replace(old, new, 1).encode(), "shop.yaml")
    assert refusal.value.field == f"shop.yaml:{place}"
    assert text in refusal.value.text


def test_near_is_taken_beside_a_policy_and_from_within() -> None:
    def points(lines: str) -> list[str]:
        text = SHOP.replace("    policy: {residency: [DE]", f"    {lines}residency: [DE]")
        (db,) = (one for one in app_from_yaml(text.encode(), "f").components if one.name == "db")
        assert db.policy is not None
        return [one.point.name for one in db.policy.near]

    assert points("near: [Graz]\n    policy: {") == ["Graz, AT"]
    assert points("policy: {near: [Graz], ") == ["Graz, AT"]


def test_one_of_country_and_policy_is_needed_and_the_name_makes_components() -> None:
    without = GOOD.replace("    country: NO\n", "")
    with pytest.raises(Invalid) as refusal:
        app_from_yaml(without.encode(), "app.yaml")
    assert refusal.value.field == "app.yaml:4:5"
    lawful = without.replace("workspace: demo", "workspace: demo\npolicy: {residency: [NO, DE]}")
    kava, db = app_from_yaml(lawful.encode(), "app.yaml").components
    assert kava.policy == Policy(countries=frozenset({"NO", "DE"}))
    assert (kava.component, db.country) == (None, "DE")
    named = app_from_yaml(GOOD.replace("workspace", "name: x\nworkspace").encode(), "app.yaml")
    assert [(one.component, one.policy) for one in named.components] == [
        ("kava", None),
        ("db", None),
    ]
    crowd = "\n".join(
        f"  - {{name: c{n}, image: t, memory: 1Mi, disk: 1Mi, country: DE, replicas: 2}}"
        for n in range(513)
    )
    text = f"apiVersion: hanza.app/v1\nname: x\nworkspace: demo\ncomponents:\n{crowd}\n"
    with pytest.raises(Invalid, match="1024 instances"):
        app_from_yaml(text.encode(), "app.yaml")


def test_a_counted_component_without_any_policy_is_spread_by_itself() -> None:
    text = GOOD.replace("workspace", "name: x\nworkspace").replace(
        "    disk: 64Mi\n", "    disk: 64Mi\n    replicas: 1\n"
    )
    (kava, _) = app_from_yaml(text.encode(), "app.yaml").components
    assert (kava.name, kava.component, kava.country) == ("kava-1", "kava", "NO")


def test_the_published_schema_knows_the_same_members_as_the_parser() -> None:
    schema = app_schema()
    published = json.loads((REFERENCE / "app-v1.schema.json").read_text())
    assert published == schema
    component = schema["$defs"]["ComponentDoc"]
    required, optional = members_of(ComponentDoc)
    assert set(component["properties"]) == required | optional
    assert set(component["required"]) == required == {"name", "image", "memory", "disk"}
    assert component["additionalProperties"] is False
    assert set(schema["$defs"]["PolicyDoc"]["properties"]) == {
        "residency",
        "regions",
        "providers",
        "classes",
        "require",
        "certificates",
        "capabilities",
        "families",
        "data",
        "seal",
        "near",
        "reach",
        "spread",
        "with",
        "goals",
        "caps",
        "moves",
    }


def test_a_policy_may_stand_in_a_file_of_its_own() -> None:
    found = policy_from_yaml(b"residency: [DE]\ncaps: {price: 30}\n", "p.yaml")
    assert (found.countries, found.price_max) == ({"DE"}, 30_000_000)
    assert policy_from_yaml(b"{}\n", "p.yaml") == Policy()
    for content, place in (
        (b"residency: [DE]\nsurprise: 1\n", "p.yaml:2:1"),
        (b"residency: DE\n", "p.yaml:1:12"),
        (b"residency: &a [DE]\n", "p.yaml:1:12"),
        (b"- DE\n", "p.yaml:1:1"),
    ):
        with pytest.raises(Invalid) as refusal:
            policy_from_yaml(content, "p.yaml")
        assert refusal.value.field == place


def test_each_replica_has_volumes_of_its_own() -> None:
    content = b"""\
apiVersion: hanza.app/v1
name: shop
workspace: demo
components:
  - {name: db, image: tiny, memory: 96Mi, disk: 64Mi, country: DE, replicas: 2,
     volumes: [{name: data, size: 8Gi}, {name: log, size: 16Mi}]}
"""
    for component in app_from_yaml(content, "app.yaml").components:
        assert component.disks == (Disk("data", 8192), Disk("log", 16))
        assert component.spec["volumes"][0] == {"name": "data", "sizeMiB": 8192}


@pytest.mark.parametrize(
    "volumes",
    ["[{name: data}]", "[{size: 1Gi}]", "[{name: Data, size: 1Gi}]", "[{name: d, size: 1}]", "7"],
)
def test_volumes_that_are_none_are_refused_where_they_stand(volumes: str) -> None:
    content = f"""\
apiVersion: hanza.app/v1
workspace: demo
components:
  - name: db
    image: tiny
    memory: 96Mi
    disk: 64Mi
    country: DE
    volumes: {volumes}
"""
    with pytest.raises(Invalid) as refusal:
        app_from_yaml(content.encode(), "app.yaml")
    assert str(refusal.value.field).startswith("app.yaml:9:")
