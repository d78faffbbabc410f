"""The rules about the code itself that no lint knows.  `docs/laws.md` is held to its word too."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MIGRATIONS = ROOT / "src/hanza/store/migrations/versions"
LINES_MAX, FUNCTION_LINES_MAX = 400, 40
BROAD = {"api/app.py", "engine/loop.py", "agent/loop.py", "store/tx.py", "store/glances.py"}
"""Middleware, the two loops, and the store's own threads, which hand whatever was raised to
their callers."""
ROOMS = {path.name for path in (ROOT / "src/hanza").iterdir() if path.is_dir()} - {"__pycache__"}
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "managers", "base", "misc"}


def functions_of(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def inside(path: Path) -> str:
    return str(path.relative_to(ROOT / "src/hanza"))


@pytest.mark.parametrize("path", SOURCES, ids=inside)
def test_a_module_is_small_named_and_explained(path: Path) -> None:
    text = path.read_text()
    assert path.stem not in FORBIDDEN_NAMES
    if path.parent == MIGRATIONS:
        return  # the schema's history: as long as the tables it makes
    assert text.count("\n") <= LINES_MAX, f"more than {LINES_MAX} lines: make it a package"
    tree = ast.parse(text)
    docstring = ast.get_docstring(tree)
    assert docstring, "a module opens with what it is for, what it promises, what it is not"
    assert docstring.splitlines()[0].endswith((".", ":")), "its first line is a sentence"
    for function in functions_of(tree):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= FUNCTION_LINES_MAX, f"{function.name} has {length} lines"


def test_broad_excepts_stand_in_five_places_only() -> None:
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ExceptHandler):
                continue
            is_bare = node.type is None
            names = {name.id for name in ast.walk(node.type or node) if isinstance(name, ast.Name)}
            last = node.body[-1]
            reraises = isinstance(last, ast.Raise) and last.exc is None
            if (is_bare or names & {"Exception", "BaseException"}) and not reraises:
                found.add(inside(path))
    assert found == BROAD


def test_nothing_says_that_it_is_unfinished() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b|pragma: no cover")
    found = [inside(path) for path in SOURCES if words.search(path.read_text())]
    assert not found


def test_no_test_patches_sleeps_or_is_skipped() -> None:
    here = Path(__file__)
    smell = re.compile(
        r"unittest\.mock|MagicMock|monkeypatch\.setattr|time\.sleep|mark\.(skip|xfail)|pytest\.skip"
    )
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path != here]
    found = [str(path) for path in tests if smell.search(path.read_text())]
    assert not found


def test_the_map_in_the_docs_is_the_map_that_is_checked() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    layers = re.search(r"layers = \[(.*?)\]", pyproject, re.DOTALL)
    assert layers
    checked = [line.strip().strip('",') for line in layers[1].strip().splitlines()]
    page = (ROOT / "docs/architecture.md").read_text()
    drawn = re.search(r"<!-- layers -->\s*```\n(.*?)```", page, re.DOTALL)
    assert drawn, "docs/architecture.md draws the layers between marks"
    assert [line.strip() for line in drawn[1].strip().splitlines()] == checked
    assert {room.strip() for line in checked for room in line.split("|")} == ROOMS
    for room in ROOMS:
        assert f"**{room}**" in page, f"docs/architecture.md has no paragraph on {room}"


def test_every_law_names_tests_that_exist() -> None:
    page = (ROOT / "docs/laws.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| **")]
    assert len(rows) >= 8
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
        assert named, f"a law without a test is a wish: {row}"
        for file, name in named:
            path = ROOT / file
            assert path.exists(), f"{file} is not there"
            assert not name or name in path.read_text(), f"{file} has no {name}"


def test_every_error_has_its_own_lasting_code() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    codes = re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)
    assert len(codes) == len(set(codes))
    for code in ("invalid", "not_found", "conflict", "no_room", "driver.exhausted", "bug"):
        assert code in codes
