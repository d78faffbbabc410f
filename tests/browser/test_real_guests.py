"""The page beside the whole demo: what guests serve, that a pulled plug stops none, the pictures.

The pictures of the documentation are made here, so that they show what `make demo` does.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from hanza.boot.demo import plane
from hanza.boot.demo.scenario import MEMBERS
from hanza.boot.demo.settings import APP
from hanza.boot.lab import lab
from hanza.drivers.contract.patience import until
from kit.browsers import LAPTOP, NARROW, Looker, a_tab, picture
from kit.labs import World, a_demo, bring_up, running

SILENCE_MS = 60_000


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    demo = replace(a_demo(tmp_path_factory.mktemp("real"), len(MEMBERS), {}), app=APP)
    try:
        yield bring_up(demo)
    finally:
        lab.down(demo.place)


def uptime(page: Page, name: str) -> float:
    frame = page.frame_locator(f"iframe[title='The page that {name} serves']")
    return float(frame.locator("#uptime").inner_text().removesuffix(" s"))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "wishes"),
    [
        ("page-light", {"viewport": LAPTOP}),
        ("page-dark", {"viewport": LAPTOP, "color_scheme": "dark"}),
        ("page-narrow", {"viewport": NARROW}),
        ("page-narrow-dark", {"viewport": NARROW, "color_scheme": "dark"}),
    ],
)
def test_the_demo_is_on_the_page_as_it_is(
    world: World, browser: Browser, name: str, wishes: dict[str, object]
) -> None:
    with a_tab(browser, **wishes) as looker:
        page = looker.page
        page.goto(plane.web_of(world.demo))
        frame = page.frame_locator("iframe[title^='The page that']")
        expect(frame.locator("#boot")).to_have_text("1 of this disk")
        for row in plane.explained(world.demo, plane.rows(world.demo)):
            guest = page.locator(f"[data-guest={row['name']}] summary")
            for words in (row["site"], row["country"], str(row["because"]).partition(",")[0]):
                expect(guest).to_contain_text(str(words))
            expect(guest.locator(".state")).to_have_text("runs")
        picture(looker, name)
        assert looker.complaints == []


@pytest.mark.timeout(300)
def test_what_is_refused_and_what_is_against_a_rule_is_seen(world: World, tab: Looker) -> None:
    page = tab.page
    page.goto(plane.web_of(world.demo))
    page.get_by_role("button", name="Ask for a forbidden country").click()
    expect(page.get_by_role("status").filter(has_text="Refused.")).to_contain_text(
        "Nothing may run in France: 6 hosts were looked at"
    )
    picture(tab, "page-refused")
    page.get_by_label("Country that is no longer allowed").select_option("DE")
    page.get_by_role("button", name="Move the rule").click()
    told = page.get_by_role("status").filter(has_text="now allows no data in Germany")
    expect(told).to_contain_text("2 guests stand against it, and nothing was ended")
    picture(tab, "page-rule")
    page.get_by_role("button", name="Move it back").click()
    expect(page.get_by_text("Data may be in Germany again")).to_be_visible()


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
    until(lambda: uptime(page, "kava") > before + 20, "its page says that it went on", 30)
    expect(frame.locator("#boot")).to_have_text("1 of this disk")
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
