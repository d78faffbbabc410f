"""The page of one console: a guest answers what is typed, and a refusal is read."""

import re

from playwright.sync_api import Browser, Page, expect

from kit.browsers import Looker, a_tab

OPEN = "open; every key goes to the guest"


def opened(looker: Looker, address: str, guest: str) -> Page:
    """By the link of the page, in the tab that it opens."""
    looker.page.goto(address)
    row = looker.page.locator(f"[data-guest={guest}]")
    row.locator("summary").click()
    with looker.page.expect_popup() as popup:
        row.get_by_role("link", name=f"Type to {guest}").click()
    return popup.value


def test_a_guest_answers_what_is_typed(browser: Browser, address: str) -> None:
    with a_tab(browser) as looker:
        page = opened(looker, address, "kava")
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        expect(page.get_by_role("status")).to_have_text(OPEN)
        expect(page.get_by_role("heading", name="kava")).to_be_visible()
        page.keyboard.type("42\r")
        expect(page.locator(".xterm-rows")).to_contain_text(re.compile("42"))

        with a_tab(browser) as other:
            second = opened(other, address, "kava")
            expect(second.get_by_role("status")).to_contain_text("refused: ")
            second.get_by_role("button", name="Take it over").click()
            expect(second.get_by_role("status")).to_have_text(OPEN)
            expect(page.get_by_role("status")).to_have_text("it ended: somebody else took it over")
            expect(page.get_by_role("button", name="Open again")).to_be_visible()
        assert [one for one in complaints if "Content Security" in one] == []


def test_a_tab_without_a_token_says_so(browser: Browser, address: str) -> None:
    with a_tab(browser) as looker:
        looker.page.goto(address.partition("/#")[0] + "/console.html#default/demo/kava")
        expect(looker.page.get_by_role("status")).to_contain_text("this tab has no token")
        assert looker.complaints == []
