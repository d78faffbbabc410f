"""References are read in every form that clients write."""

import pytest

from hanza.model.errors import Invalid
from hanza.model.kinds import INSTANCE
from hanza.model.resource import Path
from hanza.plan.seca.references import target_of

AT = Path(INSTANCE, "de", "acme", "shop", "web")


@pytest.mark.parametrize(
    "reference",
    [
        {"resource": "b1"},
        {"resource": "block-storages/b1"},
        {"resource": "storage/b1"},
        {"resource": "workspaces/shop/block-storages/b1"},
        {"resource": "tenants/acme/workspaces/shop/block-storages/b1"},
        {"resource": "seca.storage/v1/tenants/acme/workspaces/shop/block-storages/b1"},
        {"resource": "block-storages/b1", "provider": "seca.storage/v1", "region": "de"},
        {"resource": "block-storages/b1", "provider": "seca.storage", "tenant": "acme"},
        {"resource": "block-storages/b1", "workspace": "shop", "tenant": "", "region": ""},
    ],
)
def test_every_form_names_the_same_thing(reference: dict[str, object]) -> None:
    target = target_of(reference, "block-storage", AT, "f")
    assert (target.kind.name, target.tenant, target.workspace, target.name) == (
        "block-storage",
        "acme",
        "shop",
        "b1",
    )
    assert not target.is_shared


def test_shared_things_are_anybodys() -> None:
    target = target_of({"resource": "tenants/public/images/tiny"}, "image", AT, "f")
    assert (target.tenant, target.workspace, target.name) == ("public", "", "tiny")
    assert target.is_shared


@pytest.mark.parametrize(
    "reference",
    [
        {"resource": "b1", "region": "fr"},
        {"resource": "b1", "tenant": "rival"},
        {"resource": "tenants/rival/workspaces/shop/block-storages/b1"},
        {"resource": "seca.network/v1/tenants/acme/workspaces/shop/nics/b1"},
        {"resource": "b1", "provider": "seca.compute/v1"},
        {"resource": "workspaces//block-storages/b1"},
        {"resource": "shop/block-storages/b1"},
        {"resource": "/"},
        {"resource": "block-storages/a\0b"},
    ],
)
def test_what_cannot_be_meant_is_refused(reference: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        target_of(reference, "block-storage", AT, "f")
