"""Selectors: every sign, wildcards, and what is none."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.model.errors import BadQuery
from hanza.plan.seca.selector import Selector, Term, selector_from_text

LABELS = {"Tier": "D2XS", "vCPU": "2", "my-env": "pre-prod", "billing:team": "x", "odd": "inf"}


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        (None, True),
        ("", True),
        ("Tier=D2XS", True),
        ("tier=D2XS", False),
        ("Tier!=D2XS", False),
        ("none!=x", True),
        ("vCPU>1,vCPU<3,vCPU>=2,vCPU<=2", True),
        ("vCPU>2", False),
        ("Tier>1", False),
        ("odd>1", False),
        ("*env*=*prod*", True),
        ("*env*!=*prod*", False),
        ("*env*=*test*", False),
        ("billing:team=x", True),
        (" Tier = D2XS , vCPU > 1 ", True),
        ("Tier=D*XS", True),
        ("Tier=D2XS*D2XS", False),
        ("Tier=*2*S*S", False),
        ("Tier=D2XS,vCPU=3", False),
        ("my-*=pre-*", True),
        ("my-*x=pre-*", False),
    ],
)
def test_a_selector_says_which(text: str | None, is_so: bool) -> None:
    assert selector_from_text(text).matches(LABELS) is is_so


@pytest.mark.parametrize(
    "text", ["a", "=", "=b", "a==b", "a=b,", "a<>b", "vCPU>many", "a=b," * 40 + "a=b", "a" * 5000]
)
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        selector_from_text(text)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_a_wildcard_is_what_a_plain_reading_says(pattern: str, value: str) -> None:
    plain = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value) is not None
    assert Selector((Term("k", "=", pattern),)).matches({"k": value}) is plain
