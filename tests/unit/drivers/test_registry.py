"""Drivers are found by name, and refused by name."""

import pytest

from hanza.drivers import registry
from hanza.model.errors import Invalid
from hanza.model.ids import FederationId

US = FederationId("fe_us")


def test_an_installed_driver_is_opened_by_its_name() -> None:
    driver = registry.open("fake", US, {"hosts": "2"})
    assert driver.capabilities().driver == "fake"
    assert len(driver.survey().hosts) == 2


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(Invalid) as refused:
        registry.open("abacus", US, {})
    assert refused.value.field == "driver"
    assert "fake" in (refused.value.hint or "")


def test_the_drivers_of_this_package_are_installed() -> None:
    assert {"fake", "libvirt"} <= set(registry.names())
