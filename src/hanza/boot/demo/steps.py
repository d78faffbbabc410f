"""Long work told in steps: what is being done now, how far, and how long it took.

On a terminal the running step is rewritten in place; anywhere else each step is one line when it
is done.  Colour is not used, so nothing is lost without it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO, TypeAlias

WIDTH = 64
CLEAR = "\r\x1b[K"

Tell: TypeAlias = Callable[[str], None]


@dataclass
class Steps:
    out: TextIO
    now: Callable[[], float] = time.monotonic
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.now()

    @property
    def elapsed_s(self) -> float:
        return self.now() - self.started

    @contextmanager
    def step(self, words: str) -> Iterator[Tell]:
        """Yields a function that tells how far the step is."""
        began = self.now()

        def tell(detail: str) -> None:
            if self.out.isatty():
                text = f"{words} · {detail}" if detail else words
                self.out.write(f"{CLEAR}  ..  {text[:WIDTH]:<{WIDTH}}{self.now() - began:6.0f} s")
                self.out.flush()

        tell("")
        end = "no"
        try:
            yield tell
            end = "ok"
        finally:
            self._close(end, words, began)

    def say(self, text: str = "") -> None:
        self.out.write(f"{text}\n")
        self.out.flush()

    def _close(self, end: str, words: str, began: float) -> None:
        start = CLEAR if self.out.isatty() else ""
        self.say(f"{start}  {end}  {words[:WIDTH]:<{WIDTH}}{self.now() - began:6.1f} s")
