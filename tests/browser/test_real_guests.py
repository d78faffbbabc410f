"""The page beside real guests: what they serve, and that a pulled plug does not stop them."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from hanza.boot.demo import plane
from hanza.boot.lab import lab
from kit.browsers import Looker, picture
from kit.labs import World, a_demo, bring_up, running

GUESTS = {"kava": "HR", "brezel": "DE", "stroopwafel": "NL"}
SILENCE_MS = 60_000


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    demo = a_demo(tmp_path_factory.mktemp("real"), sites=3, guests=GUESTS)
    try:
        yield bring_up(demo)
    finally:
        lab.down(demo.place)


def uptime(page: Page, name: str) -> float:
    frame = page.frame_locator(f"iframe[title='The page that {name} serves']")
    return float(frame.locator("#uptime").inner_text().removesuffix(" s"))


@pytest.mark.timeout(900)
def test_a_guest_serves_its_own_page_also_while_its_cable_is_out(world: World, tab: Looker) -> None:
    page, site = tab.page, world.sites[0]
    page.goto(plane.web_of(world.demo))
    page.locator(f".sites [data-site={site.name}] button").click()
    frame = page.frame_locator("iframe[title='The page that kava serves']")
    expect(frame.get_by_role("heading", name="kava")).to_be_visible()
    expect(frame.locator("#boot")).to_have_text("1 of this disk")
    before, guests = uptime(page, "kava"), [running(one) for one in world.sites]

    page.get_by_role("button", name="Pull the plug").click()
    expect(page.get_by_text("it serves its neighbours all the same")).to_be_visible()
    on_map = page.locator(f"svg [data-site={site.name}]")
    expect(on_map).to_contain_text(re.compile(r"quiet for \d+ s"), timeout=SILENCE_MS)
    page.get_by_role("button", name="Visit again").click()
    expect(frame.locator("#boot")).to_have_text("1 of this disk")
    assert uptime(page, "kava") > before + 20, "it went on all the time"
    picture(tab, "page-plug-pulled")

    page.get_by_role("button", name="Plug in").click()
    told = page.get_by_role("status").filter(has_text="is in again")
    expect(told).to_contain_text(
        "Nothing was restarted: kava (still boot 1 of its disk)", timeout=SILENCE_MS
    )
    assert [running(one) for one in world.sites] == guests, "nothing healthy was restarted"
    assert uptime(page, "kava") > before + 20
    assert len(tab.hosts()) == 1
    assert tab.complaints == []
