"""Files that are either their old selves or their new selves, and are on the disk once written."""

import os
from pathlib import Path


def write_whole(folder: Path, name: str, content: bytes) -> None:
    """For its owner alone.  Raises `OSError` where the disk does not take it; all is as it was."""
    fresh = folder / f"{name}.new"
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        # A disk that is full has better uses for half a file.
        fresh.unlink(missing_ok=True)
        error.filename = str(folder / name)
        raise
    fresh.replace(folder / name)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
