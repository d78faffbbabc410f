"""The observer: what guests say of themselves, and what may never be heard.

It knows nothing of Hanza but that a guest says {instance, run epoch}; what it holds against that
is what was asked and done to sites, told by whoever did it.  Laws:

- never two: no two processes of one instance at once;
- runs only grow: whoever begins later bears no older run;
- nobody ends or begins unasked: a process of an instance gives way to another only when its
  tenant asked, its host lost power or somebody killed it;
- what is another's goes on.
"""

import json
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOGETHER_S = 1.5
"""The engine that stands in here ends a process a moment after it said so: so long two may be."""
TRACE_MAX = 400


@dataclass(slots=True)
class Life:
    """One process of one guest."""

    instance: str
    run: int
    site: str
    pid: int
    is_ours: bool
    began: float
    last: float
    may_end: bool = False
    """Its tenant asked, or somebody killed it."""

    @property
    def who(self) -> tuple[str, str]:
        """What may not be twice: one of ours anywhere, another's at its site."""
        return self.instance, "" if self.is_ours else self.site

    def __str__(self) -> str:
        return f"{self.instance} run {self.run} at {self.site} (process {self.pid})"


class BrokenLaw(Exception):
    """What was heard and must never be."""


@dataclass
class Observer:
    """A thread that listens; everything else is asked by whoever drives."""

    path: Path
    lives: dict[int, Life] = field(default_factory=dict)
    trace: deque[str] = field(default_factory=lambda: deque(maxlen=TRACE_MAX))
    broken: list[str] = field(default_factory=list)
    begun: int = 0
    heard: int = 0
    together_s: float = 0.0
    """The longest that two of one instance were there at once."""

    def __post_init__(self) -> None:
        self._unwanted: set[str] = set()
        self._top_run: dict[str, int] = {}
        self._door = threading.RLock()
        self._stop = threading.Event()
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(self.path))
        self._since = time.monotonic()
        self._thread = threading.Thread(target=self._listen, name="observer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._line.close()

    def note(self, text: str) -> None:
        """For the trace: what was done to the world."""
        with self._door:
            self.trace.append(f"{time.monotonic() - self._since:8.2f} {text}")

    def asked(self, instance: str, *, wanted: bool) -> None:
        """Its tenant asked for it to run, or not to: its process may give way to another."""
        with self._door:
            (self._unwanted.discard if wanted else self._unwanted.add)(instance)
            self._let_go(lambda life: life.instance == instance)

    def killed(self, pid: int) -> None:
        with self._door:
            self._let_go(lambda life: life.pid == pid)

    def lost_power(self, site: str) -> None:
        with self._door:
            self._let_go(lambda life: life.site == site)

    def _let_go(self, which: Callable[[Life], bool]) -> None:
        for life in filter(which, self.lives.values()):
            life.may_end = True

    def alive(self) -> list[Life]:
        """Whoever has a process; those that have ended are judged on the way."""
        with self._door:
            for pid, life in list(self.lives.items()):
                if not Path(f"/proc/{pid}").exists():
                    del self.lives[pid]
                    self._end(life)
            return list(self.lives.values())

    def check(self) -> None:
        """Raises `BrokenLaw` for what was heard up to now."""
        self.alive()
        with self._door:
            if self.broken:
                raise BrokenLaw("; ".join(self.broken))

    def _listen(self) -> None:
        while not self._stop.is_set():
            if select.select([self._line], [], [], 0.1)[0]:
                said = json.loads(self._line.recv(4096))
                with self._door:
                    self._hear(said, time.monotonic())

    def _hear(self, said: dict[str, Any], now: float) -> None:
        self.heard += 1
        life = self.lives.get(said["pid"])
        if life is None:
            life = self._begin(said, now)
        life.last = now
        for other in self.lives.values():
            if other.who == life.who and other is not life:
                # Both were heard since the later of them began.
                self._judge(life, other, other.last - max(other.began, life.began))

    def _begin(self, said: dict[str, Any], now: float) -> Life:
        instance, run, pid = said["instance"], said["run"], said["pid"]
        life = Life(instance, run, said["site"], pid, said["is_ours"], now, now)
        self.lives[pid] = life
        self.begun += 1
        self.note(f"begins: {life}")
        if life.is_ours:
            if run < self._top_run.get(instance, 0):
                self._break(f"runs only grow: {life} after run {self._top_run[instance]}")
            self._top_run[instance] = run
        return life

    def _end(self, life: Life) -> None:
        self.note(f"has ended: {life}")
        if not (life.may_end or life.instance in self._unwanted):
            self._break(f"nobody ends unasked: {life}")

    def _judge(self, one: Life, other: Life, together_s: float) -> None:
        self.together_s = max(self.together_s, together_s)
        if together_s > TOGETHER_S:
            self._break(f"never two: {one} and {other} for {together_s:.1f} s")

    def _break(self, text: str) -> None:
        if text.partition(" for ")[0] not in {one.partition(" for ")[0] for one in self.broken}:
            self.note(f"BROKEN {text}")
            self.broken.append(text)
