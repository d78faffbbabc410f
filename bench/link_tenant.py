"""A tenant that goes on asking: what it was answered, and for how long it was not served."""

import ssl
import threading
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from typing import Self
from urllib.parse import urlsplit

from hanza.cli.client import BASE, Context
from hanza.kit.clock import SystemClock

EVERY_S = 0.1
TIMEOUT_S = 5.0


def now() -> float:
    return SystemClock().now().timestamp()


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: when it was sent and answered, with what; None for no answer of HTTP."""

    sent: float
    done: float
    status: int | None
    says_when: bool = False


class Asking:
    """A thread that asks by a new connection each time, as a stranger's program would."""

    def __init__(self, context: Context, path: str) -> None:
        parts = urlsplit(context.url)
        self._where = (parts.hostname or "", parts.port)
        self._tls = ssl.create_default_context(cafile=context.ca)
        self._path, self._token = BASE + path, context.token
        self._log: list[Answered] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask_for_ever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def told(self) -> list[Answered]:
        return list(self._log)

    def away_s(self) -> float:
        """From the first request that was not served to the answer of the next that was."""
        longest, since = 0.0, None
        for one in self._log:
            if one.status != 200 and since is None:
                since = one.sent
            elif one.status == 200:
                longest = max(longest, one.done - (one.sent if since is None else since))
                since = None
        return longest if since is None else float("inf")

    def _ask_for_ever(self) -> None:
        while not self._stop.wait(EVERY_S):
            sent = now()
            try:
                status, says_when = self._ask()
            except (OSError, HTTPException):
                status, says_when = None, False
            self._log.append(Answered(sent, now(), status, says_when))

    def _ask(self) -> tuple[int, bool]:
        host, port = self._where
        connection = HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self._tls)
        try:
            connection.request(
                "GET", self._path, headers={"authorization": f"Bearer {self._token}"}
            )
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("retry-after") is not None
        finally:
            connection.close()
