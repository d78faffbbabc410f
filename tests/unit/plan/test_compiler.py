"""The door to numba: both ways mean the same, and it is loaded only when it is needed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import cast

from hanza.plan.placement.compiler import Compiled, compiled
from hanza.plan.placement.fleet.exercise import exercise

STEPS = 5


@compiled
def doubled(value: int) -> int:
    return value * 2


@compiled
def climbed(value: int) -> int:
    for _ in range(STEPS):
        value = doubled(value)
    return value


def test_both_ways_mean_the_same_down_to_what_is_called() -> None:
    assert climbed.plain(3) == climbed.fast(3) == climbed(3) == 96
    assert climbed.__name__ == "climbed"


def test_what_cannot_be_kept_is_compiled_all_the_same() -> None:
    """Code from nowhere has no place beside it."""
    names = {"compiled": compiled, "__name__": "nowhere"}
    exec(compile("@compiled\ndef one(value):\n    return value + 1\n", "<nowhere>", "exec"), names)
    one = cast("Compiled[[int], int]", names["one"])
    assert one.fast(1) == one.plain(1) == 2


def run(code: str, cache: Path, **environment: str) -> str:
    """In a process of its own, which has loaded nothing yet."""
    ours = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**ours, "NUMBA_CACHE_DIR": str(cache), **environment},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout.strip()


OTHER = """
from hanza.plan.placement.compiler import compiled

TIMES = {times}

@compiled
def doubled(value):
    return value * TIMES
"""
SOURCE = """
from other import doubled as other
from hanza.plan.placement.compiler import compiled

@compiled
def doubled(value):
    return other(value)
"""
CALLED = """
import sys
sys.path.insert(0, {place!r})
import sample
assert "numba" not in sys.modules
sample.doubled.plain(2)
assert "numba" not in sys.modules
assert sample.doubled(2) == {result}
assert "numba" in sys.modules
stats = getattr(sample.doubled.fast, "stats", None)
print(sum(stats.cache_hits.values()) if stats else "plain")
"""


def test_it_is_loaded_at_first_need_and_a_second_start_does_not_compile_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "sample.py").write_text(SOURCE)
    (tmp_path / "other.py").write_text(OTHER.format(times=2))
    code = CALLED.format(place=str(tmp_path), result=4)
    assert run(code, tmp_path / "kept") == "0"
    assert run(code, tmp_path / "kept") == "1"
    assert run(code, tmp_path / "kept", NUMBA_DISABLE_JIT="1") == "plain"


def test_what_is_kept_is_not_run_when_something_it_calls_has_changed(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(SOURCE)
    for times in (2, 3):
        (tmp_path / "other.py").write_text(OTHER.format(times=times))
        code = CALLED.format(place=str(tmp_path), result=2 * times)
        assert run(code, tmp_path / "kept", PYTHONDONTWRITEBYTECODE="1") == "0"


EXERCISED = """
from hanza.plan.placement.compiler import Compiled
from hanza.plan.placement.fleet import blocks, fines, kernels
from hanza.plan.placement.fleet.exercise import exercise
from kit.columns import a_fleet, a_host
from kit.grounds import NOW, a_demand

def signatures():
    every = [one for kind in (blocks, fines, kernels) for one in vars(kind).values()]
    return [len(one.fast.signatures) for one in every if isinstance(one, Compiled)]

exercise()
before = signatures()
fleet = a_fleet(*(a_host(f"h{n}", f"s{n % 3}") for n in range(9)), compiled=True)
first = fleet.choose(a_demand(), [], NOW)
fleet.take(first, a_demand().room, (80,))
fleet.place_group([a_demand(), a_demand()], [], NOW)
fleet.drop(first)
print(sum(before) >= 5, signatures() == before)
"""


def test_after_the_exercise_nothing_is_left_to_compile() -> None:
    """What an earlier test kept beside the source is read here: nobody compiles it again."""
    ours = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    said = subprocess.run(
        [sys.executable, "-c", EXERCISED],
        env={**ours, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout.split()
    assert said == ["True", "True"]


def test_the_exercise_may_be_done_as_often_as_wanted() -> None:
    exercise()
    exercise()
