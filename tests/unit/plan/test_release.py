"""What keeps a release from an agent: policy, age, direction, platform, and what is in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.model.errors import Invalid, Refusal
from hanza.model.release import Release, UpdateRules
from hanza.plan.release import (
    ARCHIVE_BYTES_MAX,
    FILES_MAX,
    UNPACKED_BYTES_MAX,
    BadArchive,
    NoConsent,
    NotForHere,
    check_files,
    check_path,
    refuse_consent,
    refuse_release,
    version_of,
)

NOW, DAY = datetime(2026, 1, 2, tzinfo=UTC), timedelta(days=1)
RELEASE = Release("0.2.0", "cp311", "ab" * 32, 1000, NOW - DAY, NOW + DAY)


def refused(release: Release, running: str = "0.1.9") -> str:
    try:
        refuse_release(release, running, "cp311", NOW)
    except NotForHere as refusal:
        return refusal.text
    return ""


def test_a_newer_one_for_this_platform_that_has_not_expired_is_taken() -> None:
    assert not refused(RELEASE)
    assert "cp311" in refused(replace(RELEASE, tag="cp313"))
    assert "good until" in refused(replace(RELEASE, expires_at=NOW))
    assert "bytes" in refused(replace(RELEASE, size=ARCHIVE_BYTES_MAX + 1))


@pytest.mark.parametrize("running", ["0.2.0", "0.2.1", "0.10.0", "1.0.0"])
def test_nobody_goes_back_but_by_a_signature_that_names_from_where(running: str) -> None:
    assert "not newer" in refused(RELEASE, running)
    assert not refused(replace(RELEASE, back_from=running), running)
    assert refused(replace(RELEASE, back_from="0.3.0"), running)


def test_versions_have_an_order_and_one_form() -> None:
    assert version_of("0.10.0") > version_of("0.9.12")
    for word in ("", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3a1", "1.2.-3", "1.2.٣", "1.2.3\n"):
        with pytest.raises(Invalid):
            version_of(word)


@pytest.mark.parametrize(
    ("rules", "is_taken"),
    [
        (UpdateRules("always"), True),
        (UpdateRules("asked"), False),
        (UpdateRules("asked", {"0.1.0"}), False),
        (UpdateRules("asked", {"0.2.0"}), True),
        (UpdateRules("never", {"0.2.0"}), False),
    ],
)
def test_the_sites_own_word_counts(rules: UpdateRules, is_taken: bool) -> None:
    if is_taken:
        refuse_consent("0.2.0", rules)
        return
    with pytest.raises(NoConsent):
        refuse_consent("0.2.0", rules)


BAD_PATHS = [
    "",
    "/etc/x",
    "../x",
    "a/../b",
    "a//b",
    "a/",
    "./a",
    "a\\b",
    "a\0b",
    "é",
    " a",
    "x" * 300,
]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_no_path_leads_elsewhere(path: str) -> None:
    with pytest.raises(BadArchive):
        check_path(path)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_what_is_taken_stays_below(path: str) -> None:
    try:
        parts = check_path(path).split("/")
    except Refusal:
        return
    assert all(part and part not in (".", "..") for part in parts)
    assert not path.startswith("/")


def test_there_is_a_limit_to_everything() -> None:
    check_files({"a/b.py": 1, "a/c.py": UNPACKED_BYTES_MAX - 1})
    for files in (
        {"a": UNPACKED_BYTES_MAX + 1},
        {"a": -1},
        {"a": 1, "a/b": 1},
        {f"f{number}": 0 for number in range(FILES_MAX + 1)},
    ):
        with pytest.raises(BadArchive):
            check_files(files)
