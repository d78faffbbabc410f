from pathlib import Path

import pytest

from hanza.boot.federation.file import EngineEntry, Grant, federation_from_yaml
from hanza.boot.federation.running import read_federation
from hanza.model.errors import Invalid, NotFound

EXAMPLE = Path(__file__).parents[3] / "examples/federations/conformance.yaml"
GOOD = """\
apiVersion: hanza.federation-file/v1
name: trial
providers:
  - {name: jadranka, title: Jadranka d.o.o.}
sites:
  - name: hr-zag-1
    provider: jadranka
    country: HR
    city: Zagreb
    latitude: 45.81
    longitude: 15.98
    engine: {hosts: 2, cpus: 8, memory: 16Gi, disk: 512Mi}
tenants:
  - {name: acme, references: deferred, tokenFor: ana}
users:
  - name: ana
    roles: [{tenant: acme, role: seca.admin}]
"""


def test_a_file_says_members_tenants_and_users() -> None:
    found = federation_from_yaml(GOOD.encode(), "f.yaml")
    assert found.name == "trial"
    assert found.sites[0].engine == EngineEntry(2, 8, 16 * 1024, 512)
    assert found.sites[0].engine.options["memory_mib"] == "16384"
    assert (found.tenants[0].references, found.tenants[0].token_for) == ("deferred", "ana")
    assert found.users[0].grants == (Grant("acme", "seca.admin"),)
    assert found.users[0].tenants == ("acme",)


def test_the_engine_and_the_policy_have_defaults() -> None:
    less = GOOD.replace("    engine: {hosts: 2, cpus: 8, memory: 16Gi, disk: 512Mi}\n", "")
    found = federation_from_yaml(less.replace("references: deferred, ", "").encode(), "f.yaml")
    assert found.sites[0].engine == EngineEntry()
    assert found.tenants[0].references == "strict"


def test_the_example_is_what_outside_tools_are_pointed_at() -> None:
    found = read_federation(EXAMPLE)
    assert {one.name: one.references for one in found.tenants} == {
        "strict": "strict",
        "deferred": "deferred",
    }
    assert len(found.users) >= 2
    assert all(set(one.tenants) == {"strict", "deferred"} for one in found.users)


@pytest.mark.parametrize(
    ("before", "after", "place", "words"),
    [
        ("hanza.federation-file/v1", "hanza.app/v1", "1:13", "expected hanza.federation-file/v1"),
        ("name: trial", "name: Trial", "2:7", "is not a name"),
        ("name: trial\n", "", "1:1", "name is missing here"),
        ("title: Jadranka d.o.o.", "title: ''", "4:29", "printable"),
        ("title:", "price: 1, title:", "4:22", "'price' is not known here"),
        ("provider: jadranka", "provider: other", "7:15", "there is: jadranka"),
        ("country: HR", "country: hr", "8:14", "country code"),
        ("latitude: 45.81", "latitude: 95", "10:15", "-90 to 90"),
        ("longitude: 15.98", "longitude: east", "11:16", "expected degrees"),
        ("longitude: 15.98", "longitude: nan", "11:16", "-180 to 180"),
        ("hosts: 2", "hosts: 0", "12:21", "expected 1 to 64"),
        ("memory: 16Gi", "memory: 16GB", "12:41", "such as 512Mi"),
        ("references: deferred", "references: loose", "14:30", "deferred, strict"),
        ("tokenFor: ana", "tokenFor: ben", "14:50", "there is: ana"),
        ("name: ana", "name: 'a b'", "16:11", "expected 1 to 128"),
        ("tenant: acme", "tenant: rival", "17:22", "there is: acme"),
        ("role: seca.admin", "role: seca.boss", "17:34", "there is: hanza.auditor"),
        ("name: ana", "name: operator", "16:11", "taken for somebody else"),
        ("name: ana", "name: 'corp:ana'", "16:11", "expected 1 to 128"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    before: str, after: str, place: str, words: str
) -> None:
    content = GOOD.replace(before, after, 1)
    assert content != GOOD
    with pytest.raises(Invalid) as refused:
        federation_from_yaml(content.encode(), "f.yaml")
    assert refused.value.field == f"f.yaml:{place}"
    assert words in refused.value.text


def test_a_tenant_is_not_called_as_what_all_share() -> None:
    with pytest.raises(Invalid, match="all tenants share") as refused:
        federation_from_yaml(GOOD.replace("acme", "public").encode(), "f.yaml")
    assert refused.value.field == "f.yaml:14:12"


def test_nothing_is_named_twice_and_no_list_is_empty() -> None:
    twice = "  - {name: jadranka, title: Jadranka d.o.o.}\n"
    with pytest.raises(Invalid, match="stands here twice"):
        federation_from_yaml(GOOD.replace(twice, twice * 2).encode(), "f.yaml")
    with pytest.raises(Invalid, match="expected 1 to 64 entries, found 0"):
        federation_from_yaml(GOOD.replace(f"providers:\n{twice}", "providers: []\n").encode(), "f")


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="cannot be read"):
        read_federation(tmp_path / "none.yaml")
