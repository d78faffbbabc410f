"""The console as a visitor has it: the map, the lists, the buttons, by mouse and by keyboard."""

from pathlib import Path

from playwright.sync_api import Page, expect

from hanza.boot.demo.scenario import MEMBERS
from kit.browsers import Looker, picture

SHOTS = Path(__file__).parents[2] / "docs" / "pictures"


def open_page(looker: Looker, address: str) -> Page:
    looker.page.goto(address)
    expect(looker.page.get_by_text("live", exact=True)).to_be_visible()
    return looker.page


def test_the_map_and_the_lists_say_the_same(tab: Looker, address: str) -> None:
    page = open_page(tab, address)
    for member in MEMBERS:
        on_map = page.locator(f"svg [data-site={member.site}]")
        expect(on_map).to_be_visible()
        row = page.locator(f".sites [data-site={member.site}]")
        expect(row).to_contain_text(member.city)
        expect(row).to_contain_text(member.title)
        expect(row).to_contain_text("heard")
    picture(tab, SHOTS / "console-light.png")
