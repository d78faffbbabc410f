"""The agent at work: one thread looks and does, one keeps the link, one fetches, all for ever.

Promises: whatever goes wrong in one is logged and counted, and does not end it; being told
to stop ends the threads and leaves every guest as it is.  It decides nothing itself.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from hanza.agent.console import Consoles
from hanza.agent.converge import Converger
from hanza.agent.here import Here
from hanza.agent.images import Images
from hanza.agent.journal import Journal
from hanza.agent.link import Link
from hanza.agent.logs import Logs
from hanza.agent.measure import Measurer
from hanza.agent.numbers import of_machine, of_view
from hanza.agent.peers import Answerer, Asker
from hanza.agent.ports import Ports
from hanza.agent.updates import Updates
from hanza.kit.backoff import delay_after
from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.model.manifest import Manifest
from hanza.model.numbers import Numbers
from hanza.model.report import View
from hanza.model.verdict import Again, Later, Settled, Verdict
from hanza.plan.local import heeding, telling

LOOK_EVERY = timedelta(seconds=10)
"""Also at a settled site, since the world drifts without telling us."""
STOP_TIMEOUT_S = 5.0
_log = Log("hanza.agent.loop")
Work: TypeAlias = tuple[str, Callable[[], timedelta], threading.Event]


@dataclass(frozen=True, slots=True)
class Beside:
    """What works beside the passes, where the site can do it."""

    images: Images | None = None
    """Fetched in a thread of their own."""
    consoles: Consoles | None = None
    """Opened when the plane wants them."""
    ports: Ports | None = None
    """Reached when the plane wants them."""
    logs: Logs | None = None
    """Told when the plane wants them."""
    measurer: Measurer | None = None
    """Measures round trips in a thread of its own."""
    asker: Asker | None = None
    """Asks other sites how far they are, in a thread of its own."""
    answerer: Answerer | None = None
    """Answers those of other sites, in a thread of its own."""
    here: Here | None = None
    """What the site's own people ask, and what happens while no plane is there."""
    updates: Updates | None = None
    """The agent's own update, in a thread of its own."""


class Agent:
    def __init__(
        self,
        journal: Journal,
        converger: Converger,
        link: Link,
        clock: Clock,
        stop: threading.Event,
        beside: Beside | None = None,
    ) -> None:
        """Setting `stop` ends `run`."""
        beside = beside or Beside()
        self.journal = journal
        self.converger = converger
        self._clock = clock
        self._stop = stop
        self._images = beside.images
        self._hint = threading.Event()
        self._acted_on: Manifest | None = None
        self.bugs = 0
        """How often a pass or the link failed in a way that nobody foresaw."""
        self.passes = 0
        """How many passes came to their end."""
        self.last_verdict: Verdict | None = None
        self._view: View | None = None
        self.link = link
        link.on_message = self._look_at_manifest
        link.tell_numbers(self.numbers)
        self._consoles, self._ports = beside.consoles, beside.ports
        self._logs = beside.logs
        self._measurer, self._asker = beside.measurer, beside.asker
        self._answerer = beside.answerer
        self._here = beside.here
        self._updates = beside.updates
        if self._here is not None:
            self._here.local.hint = self._hint.set
        if self._images is not None:
            self._images.hint = self._hint.set
        self._heed_plane(link)

    def _heed_plane(self, link: Link) -> None:
        """What a plane may want of its guests beside that they are there."""
        if self._consoles is not None:
            link.on_console = self._consoles.open
        if self._ports is not None:
            link.on_port = self._ports.open
        if self._logs is not None:
            link.on_log = self._logs.open

    def run(self) -> None:
        """Returns once it is told to stop, by another thread or a signal's handler."""
        threads = [
            # Daemons: a call that a dead engine never answers must not keep the process.
            threading.Thread(target=self._go_on, args=(work, wake), name=name, daemon=True)
            for name, work, wake in self._works()
        ]
        for thread in threads:
            thread.start()
        self._stop.wait()
        self._end()
        for thread in threads:
            thread.join(STOP_TIMEOUT_S)
        if self._answerer is not None:
            self._answerer.close()
        _log.info("agent.stopped", bugs=self.bugs)

    def _works(self) -> list[Work]:
        """What is done for ever, each in a thread: its name, itself, and what ends its pause."""
        works: list[Work] = [
            ("converge", self.run_pass, self._hint),
            ("link", self.link.run_once, self._stop),
        ]
        if self._images is not None:
            works.append(("images", self._images.run_once, self._images.wake))
        if self._measurer is not None:
            works.append(("measure", self._measurer.run_once, self._measurer.wake))
        if self._asker is not None:
            works.append(("peers", self._asker.run_once, self._asker.wake))
        if self._answerer is not None:
            works.append(("answers", self._answerer.run_once, self._stop))
        if self._here is not None:
            works.append(("door", self._here.door.run_once, self._stop))
        if self._updates is not None:
            works.append(("updates", self._updates.run_once, self._updates.wake))
        return works

    def _end(self) -> None:
        """Have everybody see that it is over."""
        self._hint.set()
        if self._images is not None:
            self._images.close()
        if self._consoles is not None:
            self._consoles.close()
        if self._ports is not None:
            self._ports.close()
        if self._logs is not None:
            self._logs.close()
        if self._measurer is not None:
            self._measurer.wake.set()
        if self._asker is not None:
            self._asker.wake.set()
        if self._here is not None:
            self._here.close()
        if self._updates is not None:
            self._updates.wake.set()
        with suppress(OSError):
            self.link.close()

    def run_pass(self) -> timedelta:
        """Look, decide, do, and hand over the view; how long until the next pass is due."""
        self._acted_on, stops = self.journal.manifest, self.journal.stops
        view, verdict = self.converger.run_pass(heeding(self._acted_on, stops))
        view = telling(view, stops)
        if self._here is not None:
            self._here.note(view, is_linked=self.link.is_linked)
        self.link.offer(view)
        self.passes += 1
        self.last_verdict, self._view = verdict, view
        self.link.counted.settled(is_settled=isinstance(verdict, Settled))
        return self._pause_after(verdict)

    def numbers(self) -> Numbers:
        """All that is counted of this agent, for planes that ask."""
        waiting = 0 if self._here is None else self._here.waiting
        return {
            **self.link.counted.numbers(),
            **of_view(self._view),
            **of_machine(self.journal.folder),
            "diary_waiting": waiting,
            "passes": self.passes,
            "bugs": self.bugs,
        }

    def _pause_after(self, verdict: Verdict) -> timedelta:
        if isinstance(verdict, Again):
            return timedelta(0)
        if isinstance(verdict, Later):
            return max(min(verdict.at - self._clock.now(), LOOK_EVERY), timedelta(0))
        return LOOK_EVERY

    def _look_at_manifest(self) -> None:
        """A hint carries no data: the pass reads the manifest itself."""
        if self.journal.manifest is not self._acted_on:
            self._hint.set()
        if self._measurer is not None:
            self._measurer.look()
        if self._asker is not None:
            self._asker.look()

    def _go_on(self, work: Callable[[], timedelta], wake: threading.Event) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                pause = work()
                failures = 0
            except Exception as error:  # noqa: BLE001 -- the agent's one broad except
                failures += 1
                self.bugs += 1
                pause = delay_after(failures)
                _log.error("bug.caught", error, thread=threading.current_thread().name)
            wake.wait(pause.total_seconds())
            if wake is not self._stop:
                wake.clear()
