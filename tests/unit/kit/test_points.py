"""Kill points of real processes are obeyed in tests and nowhere else."""

import os
import signal

import pytest

from hanza.kit.points import from_environment, pass_by


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HANZA_KILL_AT": "driver.create.before"},
        {"HANZA_KILL_AT": "driver.create.before", "HANZA_TESTING": "yes"},
        {"HANZA_KILL_AT": "", "HANZA_TESTING": "1"},
        {"HANZA_TESTING": "1"},
    ],
)
def test_nothing_kills_a_process_that_is_not_under_test(environ: dict[str, str]) -> None:
    point = from_environment(environ)
    point("driver.create.before")
    assert point is pass_by


def test_the_named_point_kills_as_a_power_cut_would() -> None:
    point = from_environment({"HANZA_KILL_AT": "link.report.after", "HANZA_TESTING": "1"})
    point("link.report.before")
    child = os.fork()
    if child == 0:
        point("link.report.after")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
