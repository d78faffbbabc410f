"""The federation's images over the standard's API: read by everybody, written by nobody there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hanza.store.images import get_image, put_image
from kit.apis import OPERATOR
from kit.images import a_qcow2, an_image
from kit.standard import Asker, askers, ref


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Asker, Asker]]:
    with askers(tmp_path, {"berlin": "DE"}) as found:
        league = found[0].league
        for number, name in enumerate(("debian-12", "wide"), start=20):
            image = an_image(name, league.plane.blobs, a_qcow2(number))
            league.store.write(put_image, image)
        yield found


def public(asker: Asker, tenant: str = "public") -> str:
    return asker.images.replace(f"/tenants/{asker.tenant}/", f"/tenants/{tenant}/")


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["metadata"]["name"] for one in answer.json()["items"]]


def test_everybody_finds_the_federations_images_and_only_there(both: tuple[Asker, Asker]) -> None:
    for one in both:
        assert names(one.get(public(one))) == ["debian-12", "tiny", "wide"]
        assert names(one.get(public(one, "seca"))) == ["debian-12", "tiny", "wide"]
        assert names(one.get(one.images)) == []
        shown = one.get(f"{public(one)}/tiny").json()
        tiny = one.league.store.read(get_image, "tiny")
        assert shown["metadata"]["ref"] == "seca.storage/v1/tenants/public/images/tiny"
        assert shown["spec"]["blockStorageRef"]["resource"] == f"block-storages/{tiny.bundle.id}"
        assert shown["status"]["state"] == "active"
        assert shown in one.get(public(one)).json()["items"]


def test_they_come_in_pages_and_none_has_labels_or_is_being_deleted(
    both: tuple[Asker, Asker],
) -> None:
    ana, _ = both
    first = ana.get(public(ana) + "?limit=2")
    assert names(first) == ["debian-12", "tiny"]
    rest = ana.get(f"{public(ana)}?limit=2&skipToken={first.json()['metadata']['skipToken']}")
    assert names(rest) == ["wide"]
    assert "skipToken" not in rest.json()["metadata"]
    assert names(ana.get(public(ana) + "?labels=a=b")) == []
    assert names(ana.get(public(ana), accept="application/json; deleted=only")) == []
    assert names(ana.get(public(ana), accept="application/json; deleted=true")) == names(
        ana.get(public(ana))
    )
    assert ana.get(public(ana) + "?limit=0").status_code == 400


def test_what_is_not_there_is_not_found(both: tuple[Asker, Asker]) -> None:
    ana, _ = both
    assert ana.get(f"{public(ana)}/none").status_code == 404
    for path in (public(ana), f"{public(ana)}/tiny"):
        assert ana.get(path.replace("/r/de/", "/r/fr/")).status_code == 404
        assert ana.client.get(path).status_code == 401


def test_nobody_writes_them_by_the_standards_api_and_nothing_else_of_public_is_there(
    both: tuple[Asker, Asker],
) -> None:
    ana, _ = both
    mine = {"blockStorageRef": ref("workspaces/w/block-storages/b"), "cpuArchitecture": "amd64"}
    for headers in ({}, OPERATOR):
        for method in ("PUT", "DELETE"):
            refused = ana.ask(method, f"{public(ana)}/tiny", {"spec": mine}, **headers)
            assert refused.status_code == 404, refused.text
    assert ana.get(ana.workspaces.replace("/acme/", "/public/")).status_code == 404
    assert names(ana.get(public(ana))) == ["debian-12", "tiny", "wide"]


def test_the_federations_own_list_is_for_everybody_and_its_writing_is_not(
    both: tuple[Asker, Asker],
) -> None:
    ana, _ = both
    images = "/providers/hanza.federation/v1/images"
    assert names(ana.get(images)) == ["debian-12", "tiny", "wide"]
    assert ana.get(f"{images}/tiny").status_code == 200
    blob = f"/providers/hanza.federation/v1/blobs/{'0' * 64}"
    for method, path in (
        ("PUT", f"{images}/tiny"),
        ("DELETE", f"{images}/tiny"),
        ("GET", blob),
        ("PUT", blob),
    ):
        refused = ana.ask(method, path, {"spec": {}})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
