"""Brings a federation file up beside the plane that serves it, and says where everything is.

The plane calls `begin` once it listens; all else happens in a thread, as a client of the API like
any other.  Should that fail the plane is told to stop, and `end` raises why.
"""

import os
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hanza.boot.federation.file import FederationFile, federation_from_yaml
from hanza.boot.federation.furnish import TenantReady, enrol_users, put_members, put_tenants
from hanza.boot.federation.sites import Sites
from hanza.boot.settings import PlaneSettings
from hanza.cli.client import Client, read_context
from hanza.cli.files import read_file
from hanza.cli.render import Output, show_one
from hanza.model.errors import Conflict, DriverError
from hanza.plan.seca.regions import WHOLE


class Federation:
    """One file's federation, while its plane runs."""

    def __init__(self, file: FederationFile, output: Output) -> None:
        self._file = file
        self._output = output
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="federation")
        self._work: Future[None] | None = None
        self._sites: Sites | None = None

    def begin(self, settings: PlaneSettings) -> None:
        """Returns at once: the plane has to serve what now asks it."""
        self._work = self._pool.submit(self._bring_up, settings)
        self._work.add_done_callback(_end_plane_if_failed)

    def end(self) -> None:
        """End every site.  Raises a `Refusal` when the federation had not come up."""
        was_done = self._work is not None and self._work.done()
        self._stop.set()
        self._pool.shutdown(wait=True)
        if self._sites is not None:
            self._sites.close()
        if self._work is None or not was_done:
            return
        try:
            self._work.result()
        except (OSError, DriverError) as error:
            raise Conflict(
                f"the federation did not come up: {error}",
                hint="what was made of it is in the state folder; mend it, then run this again",
            ) from error

    def _bring_up(self, settings: PlaneSettings) -> None:
        context = settings.state / "context.json"
        self._sites = Sites(settings.state / "sites", self._stop)
        with Client(read_context(context)) as client:
            put_members(client, self._file)
            put_tenants(client, self._file)
            for site in self._file.sites:
                if self._stop.is_set():
                    return
                self._sites.start(site, client, settings.urls)
            self._sites.await_heard(client, self._file.sites)
            tenants = enrol_users(client, self._file)
        if not self._stop.is_set():
            users = [one.name for one in self._file.users]
            _show(_record(settings.local_url, context, tenants, users), self._output)


def read_federation(path: Path) -> FederationFile:
    """Raises a `Refusal` that says where in the file something is wrong."""
    return federation_from_yaml(read_file(path), str(path))


def _end_plane_if_failed(work: "Future[None]") -> None:
    if work.exception() is not None:
        os.kill(os.getpid(), signal.SIGTERM)


def _record(
    url: str, context: Path, tenants: tuple[TenantReady, ...], users: list[str]
) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "context": str(context),
        "region": WHOLE,
        "regionUrl": f"{url}/providers/seca.region",
        "authorizationUrl": f"{url}/providers/seca.authorization",
        "users": users,
        "tenants": [
            {
                "name": one.name,
                "references": one.references,
                "subject": one.subject,
                "token": one.token,
                "expiresAt": one.expires_at,
            }
            for one in tenants
        ],
    }


def _show(record: dict[str, Any], output: Output) -> None:
    lines = [
        f"hanza plane {record['pid']} serves a federation with fake sites; end it with Ctrl-C",
        f"region             {record['region']}",
        f"region URL         {record['regionUrl']}",
        f"authorization URL  {record['authorizationUrl']}",
        f"users              {', '.join(record['users'])}",
        f"context            {record['context']}",
    ]
    for one in record["tenants"]:
        lines += [
            "",
            f"tenant     {one['name']}, references {one['references']}",
            f"token of   {one['subject']}, good until {one['expiresAt']}",
            one["token"],
        ]
    show_one(record, output, "\n".join(lines))
    sys.stdout.flush()
