"""A folder of files called by their SHA-256: whole and right, or not there."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.kit.blobs import Blobs, TooLong, WrongContent
from kit.images import digest_of

TEXT = b"what it consists of" * 1000
NAME = digest_of(TEXT)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def files_of(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "blobs").iterdir())


def test_what_was_received_is_found_by_its_name(blobs: Blobs, tmp_path: Path) -> None:
    assert blobs.find(NAME) is None
    assert blobs.claim(NAME) is None
    assert blobs.receive(NAME, [TEXT[:100], TEXT[100:]], len(TEXT), "a") == len(TEXT)
    assert blobs.receive(NAME, [TEXT], len(TEXT), "b") == len(TEXT)
    found = blobs.find(NAME)
    assert found is not None
    assert found.read_bytes() == TEXT
    assert blobs.claim(NAME) == len(TEXT)
    assert files_of(tmp_path) == [NAME]


def test_other_bytes_than_the_name_says_leave_nothing(blobs: Blobs, tmp_path: Path) -> None:
    for chunks in ([TEXT[:-1]], [TEXT, b"x"], [b""], []):
        with pytest.raises(WrongContent):
            blobs.receive(NAME, chunks, 2 * len(TEXT), "a")
    assert files_of(tmp_path) == []


def test_more_bytes_than_allowed_leave_nothing(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(TooLong):
        blobs.receive(NAME, [TEXT], len(TEXT) - 1, "a")
    assert files_of(tmp_path) == []


def test_a_sender_that_dies_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    def dies() -> Iterator[bytes]:
        yield TEXT[:10]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        blobs.receive(NAME, dies(), len(TEXT), "a")
    assert files_of(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["", "..", "../" + "0" * 61, NAME.upper(), NAME + "0", NAME + "\n", "x" * 64]
)
def test_what_is_no_digest_names_nothing(blobs: Blobs, name: str) -> None:
    assert blobs.find(name) is None
    assert blobs.claim(name) is None
    with pytest.raises(WrongContent):
        blobs.begin(name, 1)


def test_a_part_is_gone_on_with_where_it_stopped(blobs: Blobs) -> None:
    with blobs.begin(NAME, len(TEXT)) as part:
        part.write(TEXT[:1000])
    with blobs.begin(NAME, len(TEXT)) as part:
        assert part.size == 1000
        part.write(TEXT[1000:])
        assert part.keep().read_bytes() == TEXT


def test_a_part_that_was_tampered_with_is_dropped(blobs: Blobs, tmp_path: Path) -> None:
    with blobs.begin(NAME, len(TEXT)) as part:
        part.write(b"x" * 1000)
    with blobs.begin(NAME, len(TEXT)) as part:
        part.write(TEXT[1000:])
        with pytest.raises(WrongContent):
            part.keep()
    assert files_of(tmp_path) == []


def test_many_may_send_the_same_at_once(blobs: Blobs, tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def send(word: str) -> None:
        start.wait()
        blobs.receive(NAME, [TEXT], len(TEXT), word)

    threads = [threading.Thread(target=send, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files_of(tmp_path) == [NAME]


def test_a_sweep_takes_what_is_old_and_unwanted_and_nothing_else(
    blobs: Blobs, tmp_path: Path
) -> None:
    names = [digest_of(word) for word in (b"old", b"wanted", b"claimed")]
    for name, word in zip(names, (b"old", b"wanted", b"claimed"), strict=True):
        blobs.receive(name, [word], 10, "a")
        os.utime(tmp_path / "blobs" / name, (1000, 1000))
    (tmp_path / "blobs" / "a stranger's").touch()
    blobs.claim(names[2])
    assert blobs.sweep([names[1]], before=2000) == [names[0]]
    assert blobs.find(names[1])
    assert blobs.find(names[2])


def test_only_parts_of_what_is_wanted_stay(blobs: Blobs, tmp_path: Path) -> None:
    for word in ("", "up_1"):
        blobs.begin(NAME, 10, word).__exit__(None, None, None)
    blobs.begin("0" * 64, 10).__exit__(None, None, None)
    (tmp_path / "blobs" / "notes.part").touch()
    blobs.sweep_parts([NAME])
    assert files_of(tmp_path) == sorted([f"{NAME}.part", f"{NAME}.part-up_1", "notes.part"])
    blobs.sweep_parts()
    assert files_of(tmp_path) == ["notes.part"]
