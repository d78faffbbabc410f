"""A throw-away PostgreSQL: its own folder, its own socket, gone with the tests.

A database that cannot be started fails the test that asked for it; nothing is skipped.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

USER = "postgres"
SECONDS_MAX = 60


@contextlib.contextmanager
def throw_away_postgres(*, is_durable: bool = False, inside: Path | None = None) -> Iterator[str]:
    """Start one, hand out its SQLAlchemy URL, and leave nothing of it.

    Unless it is durable, it does not wait for its disk.  `inside` is where its folder is to be.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="hanza-postgres-", dir=inside))
    try:
        as_user = _as_user(folder)
        data = folder / "data"
        _run([*as_user, str(programs / "initdb"), "-D", str(data), "-U", USER, "--auth=trust"])
        options = f"-k {folder} -c listen_addresses='' -c max_connections=60"
        options += "" if is_durable else " -c fsync=off"
        control = [*as_user, str(programs / "pg_ctl"), "-D", str(data), "-w"]
        _run([*control, "-o", options, "-l", str(folder / "log"), "start"])
        try:
            yield f"postgresql+psycopg://{USER}@/postgres?host={folder}"
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    assert on_path, "PostgreSQL is not installed (apt-get install postgresql): nothing is skipped"
    return Path(on_path).resolve().parent


def _as_user(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root; others run it as themselves."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam(USER)
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["runuser", "-u", USER, "--"]


def _run(command: list[str]) -> None:
    # Output goes to a file, not a pipe: the server inherits it and would keep a pipe open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, stdout=output, stderr=output, timeout=SECONDS_MAX, check=False, cwd="/"
        )
        output.seek(0)
        assert done.returncode == 0, f"{command}: {output.read().decode()}"
