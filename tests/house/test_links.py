"""Every link of every page leads to a file and a heading that are there, as a reader of the
repository finds them.  `make docs` asks the same of the site that is built from `docs/`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_OURS = {"node_modules", "build", "dist"}
FENCED = re.compile(r"^( *)(```+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def pages(root: Path) -> list[Path]:
    found = [path.relative_to(root) for path in root.rglob("*.md")]
    ours = [
        path for path in found if not any(p in NOT_OURS or p.startswith(".") for p in path.parts)
    ]
    return sorted(root / path for path in ours)


def anchors(page: Path) -> set[str]:
    """The names that forges give to the headings of a page."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    plain = [re.sub(r"\]\([^)]*\)", "", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def broken(page: Path) -> Iterator[str]:
    """Each link of the page that leads nowhere; those to other hosts are not asked."""
    for link in LINK.findall(SPAN.sub("", FENCED.sub("", page.read_text()))):
        target, _, anchor = link.partition("#")
        path = page.parent / target if target else page
        if re.match(r"[a-z]+:", link):
            continue
        if not path.exists():
            yield f"{page.name}: {link}: there is no such file"
        elif anchor and anchor not in anchors(path):
            yield f"{page.name}: {link}: there is no such heading"


def test_links_lead_somewhere() -> None:
    found = pages(ROOT)
    assert ROOT / "README.md" in found
    assert ROOT / "docs/architecture.md" in found
    assert [words for page in found for words in broken(page)] == []


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# What `it` does, and why\n\n```\n# not a heading\n```\n")
    page = tmp_path / "a.md"
    page.write_text(
        "# A\n[a](b.md) [b](b.md#what-it-does-and-why) ![c](none.png) [d](b.md#not-a-heading)\n"
        "[e](#a) [f](#b) [g](https://example.org/none#none)\n\n```\n[h](none)\n```\n"
    )
    assert list(broken(page)) == [
        "a.md: none.png: there is no such file",
        "a.md: b.md#not-a-heading: there is no such heading",
        "a.md: #b: there is no such heading",
    ]
