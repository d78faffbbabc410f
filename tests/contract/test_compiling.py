"""Machine code is made beside a plane, and what fails or is not wanted any more holds nobody up."""

import logging
import os
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from hanza.boot.compiling import CACHE, KEPT_IN, Compiling, keep_code_in
from hanza.drivers.contract.patience import until

FAILS = (sys.executable, "-c", "raise SystemExit('no compiler here')")
LASTS = ("sleep", "60")


def test_nobody_waits_for_it_and_then_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # for the child: that it compiles is numba's
    with closing(Compiling()) as compiling:
        assert not compiling.is_there()
        until(compiling.is_there, "machine code is there", 60)
        assert compiling.is_there()


def test_what_cannot_be_compiled_is_told_and_stays_plain(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "hanza.placement")
    logging.getLogger("hanza").propagate = True
    with closing(Compiling(FAILS)) as compiling:
        assert not compiling.is_there()
        until(lambda: bool(caplog.records), "it is told", 60)
        assert "no compiler here" in caplog.text
        assert not compiling.is_there()


def test_a_plane_that_ends_does_not_wait_for_it() -> None:
    compiling = Compiling(LASTS)
    assert not compiling.is_there()
    began = time.monotonic()
    compiling.close()
    assert time.monotonic() - began < 30
    assert not compiling.is_there()
    unasked = Compiling(LASTS)
    unasked.close()
    assert not unasked.is_there()


def test_code_is_kept_in_the_state_where_the_source_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Restored afterwards, whatever is said here.
    monkeypatch.setenv(CACHE, "")
    monkeypatch.delenv(CACHE)
    keep_code_in(tmp_path, tmp_path)
    assert kept_in() is None
    keep_code_in(tmp_path, tmp_path / "not there")
    assert kept_in() == str(tmp_path / KEPT_IN)
    keep_code_in(tmp_path / "other", tmp_path / "not there")
    assert kept_in() == str(tmp_path / KEPT_IN)


def kept_in() -> str | None:
    return os.environ.get(CACHE)
