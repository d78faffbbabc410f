"""`hanza image` against a real plane, by file and by URL."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from hanza.drivers.contract.patience import until
from kit.images import a_qcow2, digest_of
from kit.processes import LocalLeague, a_local_league

DISK = a_qcow2(32)
SUM = f"sha256:{digest_of(DISK)}"
REFUSED = 1


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        (tmp_path / "disk.qcow2").write_bytes(DISK)
        yield found


@contextmanager
def a_mirror(content: bytes) -> Iterator[str]:
    """A web server with one file."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/disk" else 404)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """A test's output is its assertions."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_an_image_is_added_listed_used_and_removed(league: LocalLeague) -> None:
    disk = str(league.folder / "disk.qcow2")
    assert league.run("image", "list").stdout.startswith("no image yet")
    done = league.run("image", "add", "debian", "--disk", disk, "--checksum", SUM)
    assert (done.returncode, done.stdout) == (0, "image debian added\n"), done.stderr
    assert "was there" in league.run("image", "add", "debian", "--disk", disk).stdout
    (one,) = league.ask("image", "list")
    assert (one["name"], one["parts"], one["disk_mib"]) == ("debian", "disk", 32)
    assert league.ask("image", "rm", "debian")["change"] == "removed"
    assert league.ask("image", "list") == []


def test_a_url_is_fetched_and_a_wrong_checksum_is_refused_before_anything_is_sent(
    league: LocalLeague,
) -> None:
    with a_mirror(DISK) as url:
        source = ("--disk", f"{url}/disk")
        for words, said in (
            (source, "https://"),
            ((*source, "--checksum", "sha256:" + "0" * 64), digest_of(DISK)),
            ((*source, "--checksum", "md5:00"), "64 hexadecimal"),
            ((*source, "--checksum", f"kernel={SUM}"), "no kernel"),
            (("--disk", f"{url}/none", "--checksum", SUM), "could not be fetched"),
            (("--disk", "/nowhere"), "no file /nowhere"),
            ((), "--disk"),
        ):
            done = league.run("image", "add", "debian", *words)
            assert done.returncode == REFUSED, words
            assert said in done.stderr
            assert "Traceback" not in done.stderr
        assert list((league.state / "blobs").iterdir()) == []
        done = league.run("image", "add", "debian", *source, "--checksum", SUM)
        assert done.returncode == 0, done.stderr
    assert [one["name"] for one in league.ask("image", "list")] == ["debian"]


APP = """\
apiVersion: hanza.app/v1
workspace: demo
components:
  - {name: kava, country: HR, image: tiny, memory: 96Mi, disk: 64Mi}
  - {name: burek, country: HR, image: tiny, memory: 96Mi, disk: 64Mi}
"""


def test_a_site_fetches_what_its_guests_start_from_once_over_tls(league: LocalLeague) -> None:
    league.add_image("tiny")
    images = league.folder / "zagreb-images"
    league.add_site("zagreb", "HR", images=str(images))
    (league.folder / "app.yaml").write_text(APP)
    done = league.run("apply", str(league.folder / "app.yaml"), "--wait", "--timeout", "30")
    assert done.returncode == 0, done.stderr
    (bundle,) = [path for path in images.iterdir() if not path.name.startswith(".")]
    (listed,) = league.ask("image", "list")
    assert listed["bundle"] == f"sha256:{bundle.name}"
    assert (bundle / "disk.qcow2").read_bytes() == a_qcow2()
    said = (league.folder / "zagreb.log").read_text()
    assert said.count("image.laid") == 1
    assert "bug.caught" not in said


def test_a_guest_whose_image_the_plane_has_lost_says_so_and_starts_when_it_is_back(
    league: LocalLeague,
) -> None:
    league.add_image("tiny")
    blob = league.state / "blobs" / digest_of(a_qcow2())
    blob.rename(league.folder / "kept")
    league.add_site("zagreb", "HR", images=str(league.folder / "zagreb-images"))
    (league.folder / "app.yaml").write_text(APP)
    app = str(league.folder / "app.yaml")
    assert league.run("apply", app).returncode == 0
    until(
        lambda: {one["reasonCode"] for one in league.ask("status")} == {"image.unavailable"},
        "it is said why",
        30,
    )
    (league.folder / "kept").rename(blob)
    done = league.run("apply", app, "--wait", "--timeout", "60")
    assert done.returncode == 0, done.stderr


def test_what_a_killed_plane_was_receiving_is_gone_when_it_is_back(league: LocalLeague) -> None:
    league.plane.kill()
    part = league.state / "blobs" / f"{'0' * 64}.part-up_1"
    part.write_bytes(b"half of it")
    league.restart_plane()
    until(lambda: not part.exists(), "the part is swept", 20)
