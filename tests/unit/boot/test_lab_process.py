"""The lab's door to other programs: secrets go in by standard input and come out nowhere."""

import sys
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from hanza.boot.lab.host import entering
from hanza.boot.lab.names import Place, Site
from hanza.boot.lab.process import LabError, called, run, run_through

FAIL = "import sys; sys.exit('why')"
SITE = Site(Place("hzdemo", Path("/var/lib/somewhere"), IPv4Address("10.213.0.1")), "zag", 1)


def test_what_is_given_is_read_and_nothing_given_is_the_end() -> None:
    echo = [sys.executable, "-c", "import sys; print(sys.stdin.read())"]
    assert run(echo, given="hunter2") == "hunter2\n"
    assert run(echo) == "\n"


def test_an_error_names_the_program_and_not_its_arguments(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", FAIL, "hunter2"]
    with pytest.raises(LabError, match=r"^python\S* failed \(1\): why$"):
        run(argv)
    with pytest.raises(LabError, match=r"^python\S* failed: why$"):
        run_through(argv, tmp_path / "log")


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["/usr/sbin/ip", "netns", "add", "x"], "ip netns"),
        (["virsh", "-c", "uri", "list"], "virsh"),
        (["true"], "true"),
        ([sys.executable, "-m", "hanza.boot.main", "agent", "join", "t"], "hanza.boot.main agent"),
        (entering(SITE, ["hanza", "agent", "join", "t"]), "hanza agent"),
    ],
)
def test_a_command_is_called_by_its_program_and_subcommand(argv: list[str], name: str) -> None:
    assert called(argv) == name
