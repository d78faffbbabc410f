"""One private libvirtd and one tiny image for all tests of the real engine."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.boot import tiny_image
from kit.libvirtd import Libvirtd


@pytest.fixture(scope="session")
def images() -> Path:
    """Kept between runs, because the kernel's package is a download of 27 MB."""
    kept = Path(tempfile.gettempdir(), "hanza-test-images")
    return tiny_image.build(kept / "cache", kept / "images").parent


@pytest.fixture(scope="session")
def libvirtd() -> Iterator[Libvirtd]:
    daemon = Libvirtd()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()
