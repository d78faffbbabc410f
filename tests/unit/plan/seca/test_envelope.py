"""What every request shares, whatever its kind."""

from dataclasses import replace

import pytest

from hanza.model.errors import Conflict, Invalid, Outdated
from hanza.model.kinds import BLOCK_STORAGE, REGION, ROLE, WORKSPACE
from hanza.model.resource import Path, Words
from hanza.plan.seca.envelope import check_request, check_reserved, check_version, urn_of

PATH = Path(WORKSPACE, "de", "acme", "", "shop")
WORDS = Words({"a": "b"}, {"c": "d"}, {"mine": "e", "hanza.policy/countries": "DE"}, {})


def test_a_plain_request_is_taken() -> None:
    check_request(PATH, WORDS, "de")
    check_request(PATH, Words(None, None, None, {}), None)


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a..b", ".a", "a_b", "a" * 129, "ä", "a\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_request(replace(PATH, name=name), WORDS, None)


@pytest.mark.parametrize(
    "words",
    [
        replace(WORDS, labels={"a": "b" * 64}),
        replace(WORDS, annotations={"a": "b" * 1025}),
        replace(WORDS, labels={f"k{number}": "v" for number in range(65)}),
        replace(WORDS, annotations={f"k{number}": "v" for number in range(65)}),
        replace(WORDS, extensions={f"k{number}": "v" for number in range(65)}),
        replace(WORDS, labels={"k" * 257: "v"}),
        replace(WORDS, extensions={"k" * 257: "v"}),
        replace(WORDS, extensions={"hanza.policy/surprise": "x"}),
    ],
)
def test_what_is_too_long_or_only_looks_like_ours_is_refused(words: Words) -> None:
    with pytest.raises(Invalid):
        check_request(PATH, words, None)


def test_another_region_in_the_body_is_refused() -> None:
    with pytest.raises(Invalid):
        check_request(PATH, WORDS, "fr")


def test_what_is_of_no_region_has_none_to_hold_a_body_to() -> None:
    role = Path(ROLE, "", "acme", "", "auditor")
    permissions = [{"provider": "seca.compute/v1", "resources": ["*"], "verb": ["GET"]}]
    words = replace(WORDS, spec={"permissions": permissions})
    for region in (None, "", "de"):
        check_request(role, words, region)
    check_request(PATH, WORDS, "")


def test_names_of_the_federations_own_are_reserved() -> None:
    check_reserved(replace(PATH, name="seca.shop"))
    check_reserved(Path(ROLE, "", "acme", "", "auditor"))
    with pytest.raises(Conflict):
        check_reserved(Path(ROLE, "", "acme", "", "seca.auditor"))


def test_a_reference_that_nobody_could_write_is_refused() -> None:
    path = Path(BLOCK_STORAGE, "de", "t" * 60, "w" * 64, "n" * 128)
    spec = {"sizeGB": 1, "skuRef": {"resource": "hanza.local"}}
    with pytest.raises(Invalid, match="reference"):
        check_request(path, replace(WORDS, spec=spec), None)


def test_a_urn_has_no_region() -> None:
    assert urn_of(Path(REGION, "", "", "", "de")) == "seca.region/v1/regions/de"
    role = Path(ROLE, "", "acme", "", "auditor")
    assert urn_of(role) == "seca.authorization/v1/tenants/acme/roles/auditor"
    assert urn_of(PATH) == "seca.workspace/v1/tenants/acme/workspaces/shop"
    there = "seca.storage/v1/tenants/acme/workspaces/shop/block-storages/b"
    assert urn_of(Path(BLOCK_STORAGE, "de", "acme", "shop", "b")) == there


def test_only_the_version_that_was_seen_may_be_changed() -> None:
    check_version(None, None)
    check_version("3", 3)
    for given, version in (("2", 3), ("0", None)):
        with pytest.raises(Outdated):
            check_version(given, version)
    for given in ("x", "", "-1", "\u0663", "9" * 30):
        with pytest.raises(Invalid):
            check_version(given, 3)
