"""References are read in every form that clients write."""

from dataclasses import replace

import pytest

from hanza.model.errors import Invalid
from hanza.model.kinds import INSTANCE, NIC, ROUTING_TABLE, SUBNET
from hanza.model.resource import Path
from hanza.plan.seca.references import target_near, target_of

AT = Path(INSTANCE, "de", "acme", "shop", "web")
TABLE = Path(ROUTING_TABLE, "de", "acme", "shop", "main", "net")


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


@pytest.mark.parametrize(
    "resource",
    [
        "front",
        "subnets/front",
        "networks/net/subnets/front",
        "workspaces/shop/networks/net/subnets/front",
        "seca.network/v1/tenants/acme/workspaces/shop/networks/net/subnets/front",
    ],
)
def test_what_is_in_a_network_is_named_with_it_or_from_within(resource: str) -> None:
    at = replace(TABLE, kind=SUBNET)
    target = target_of({"resource": resource}, "subnet", at, "f")
    assert (target.workspace, target.network, target.name) == ("shop", "net", "front")


def test_from_outside_the_network_must_be_said() -> None:
    at = Path(NIC, "de", "acme", "shop", "card")
    assert target_of({"resource": "networks/net/subnets/s"}, "subnet", at, "f").network == "net"
    with pytest.raises(Invalid):
        target_of({"resource": "subnets/s"}, "subnet", at, "f")
    assert target_of({"resource": "subnets/s"}, "nic", TABLE, "f").network == ""


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ({"resource": "internet-gateways/gate"}, "internet-gateway"),
        ({"resource": "nics/card", "provider": "seca.network/v1"}, "nic"),
        ({"resource": "seca.network/v1/tenants/acme/workspaces/shop/nics/card"}, "nic"),
        ({"resource": "route-tables/other"}, "routing-table"),
        ({"resource": "instances/web"}, None),
        ({"resource": "instances/web", "provider": "seca.compute"}, None),
        ({"resource": "seca.natgateway/v1beta1/tenants/acme/workspaces/shop/gates/one"}, None),
    ],
)
def test_of_several_kinds_the_word_before_the_name_says_which(
    reference: dict[str, object], kind: str | None
) -> None:
    target = target_near(reference, TABLE, "f")
    assert (None if target is None else target.kind.name) == kind


@pytest.mark.parametrize(
    "reference",
    [
        {"resource": "gate"},
        {"resource": "skus/hanza.best-effort"},
        {"resource": "surprises/one"},
        {"resource": "instances/web", "provider": "seca.network"},
        {"resource": "instances/web", "tenant": "rival"},
        {"resource": "nics/card", "tenant": "rival"},
    ],
)
def test_of_several_kinds_one_that_is_none_is_refused(reference: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        target_near(reference, TABLE, "f")
