"""A real browser, Debian's Chromium, that looks at one page and keeps what the page did.

It has its own empty profile, and none of Chromium's own background talk; what the page asked for,
logged or threw is kept, so that a test can say that there was nothing of it.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

CHROMIUM = "/usr/bin/chromium"
ROOT = Path(__file__).parents[2]
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ANSWERED_NO = ("/policy",)
"""Not every workspace keeps a policy: a 404 to this is an answer, though Chromium logs it as a
failure."""
PATIENCE_MS = 30_000
WIDE, NARROW = {"width": 1360, "height": 1000}, {"width": 360, "height": 740}
LAPTOP = {"width": 1440, "height": 900}


@dataclass
class Looker:
    """One tab and what became known of it."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def hosts(self) -> set[str]:
        """Every host that anything was asked of."""
        return {urlsplit(url).netloc for url in self.asked if urlsplit(url).netloc}

    def rest(self) -> None:
        """Let the page take over what has happened until now, and draw it."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => done()))")


@contextlib.contextmanager
def a_browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(QUIET)
        )
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def a_tab(browser: Browser, **wishes: Any) -> Iterator[Looker]:
    """A tab with nothing remembered; `wishes` are Playwright's, such as `color_scheme`."""
    wishes = {"viewport": WIDE, "timezone_id": "Europe/Ljubljana", "locale": "en-GB"} | wishes
    context: BrowserContext = browser.new_context(**wishes)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    looker = Looker(page)
    page.on("request", lambda request: looker.asked.append(request.url))
    page.on("pageerror", lambda error: looker.complaints.append(str(error)))
    page.on("console", lambda message: _complain(looker, message))
    try:
        yield looker
    finally:
        context.close()


def _complain(looker: Looker, message: ConsoleMessage) -> None:
    is_answer = "404" in message.text and message.location["url"].endswith(ANSWERED_NO)
    if message.type in {"error", "warning"} and not is_answer:
        looker.complaints.append(f"{message.type}: {message.text} {message.location['url']}")


def picture(looker: Looker, name: str) -> None:
    """The whole page as a PNG, where `make pictures` says, or else in the cache."""
    into = Path(os.environ.get("HANZA_PICTURES", ROOT / ".cache" / "pictures"))
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"{name}.png"
    looker.page.screenshot(path=path, full_page=True, animations="disabled")


CONTRAST = """() => {
    const shade = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(one => {
            const part = one / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = one => {
        for (let at = one; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (!/, 0\\)$/.test(colour)) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    return [...document.querySelectorAll('body *')].flatMap(one => {
        const words = [...one.childNodes].filter(
            node => node.nodeType === 3 && node.textContent.trim());
        if (!words.length || one.closest('.hidden, noscript, script, title')) return [];
        const style = getComputedStyle(one);
        const colour = one instanceof SVGElement ? style.fill : style.color;
        const [dark, light] = [shade(colour), shade(behind(one))].sort((a, b) => a - b);
        const ratio = (light + 0.05) / (dark + 0.05);
        return ratio < 4.5 ? [`${words[0].textContent.trim()}: ${ratio.toFixed(2)}`] : [];
    });
}"""
"""Every text whose contrast to what is behind it is below 4.5, with that."""
