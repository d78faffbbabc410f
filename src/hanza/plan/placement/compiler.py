"""The one door to numba: plain loops over columns, as machine code.

A function that passes it may use numbers, arrays, tuples and others of its kind.  numba itself is
loaded when the first of them is called: it takes a second and 100 MB, which a small plane need not
pay, so `plain` is the same function without it.  What was compiled is kept beside the source (or
where `NUMBA_CACHE_DIR` says) under a digest of all that is in it, called functions and constants
too, so a second start does not compile again, and never runs what was.
With `NUMBA_DISABLE_JIT=1` every call is plain.

This is not a promise that both ways are as fast, only that they mean the same.
"""

import hashlib
import importlib
from collections.abc import Callable
from functools import cached_property, update_wrapper
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


class Compiled(Generic[P, R]):
    """A function of numbers and arrays, both ways."""

    def __init__(self, function: Callable[P, R]) -> None:
        self.function = cast("FunctionType", function)
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.fast(*args, **kwargs)

    @cached_property
    def fast(self) -> Callable[P, R]:
        """As machine code; made, or read from where it is kept, by its first call."""
        njit = importlib.import_module("numba").njit
        # The compiler finds what a function calls by name, and knows its own kind only.
        function = _with(self.function, lambda one: one.fast)
        return cast("Callable[P, R]", njit(cache=True, nogil=True)(function))

    @cached_property
    def plain(self) -> Callable[P, R]:
        """As Python runs it, down to the last function that it calls."""
        return cast("Callable[P, R]", _with(self.function, lambda one: one.plain))


def compiled(function: Callable[P, R]) -> Compiled[P, R]:
    """Decorates a function of numbers and arrays."""
    return Compiled(function)


def _with(function: FunctionType, way: Callable[[Compiled[..., Any]], Any]) -> FunctionType:
    """The same function, calling others of its kind in one way only."""
    names = dict(function.__globals__)
    for name, value in _used(function).items():
        if isinstance(value, Compiled):
            names[name] = way(value)
    found = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    update_wrapper(found, function)
    # What is kept is found by this name, and else thrown away only when its own file changes.
    found.__qualname__ = f"{function.__qualname__}-{_digest(function)}"
    return found


def _digest(function: FunctionType) -> str:
    """Of its code, the constants in it, and the same of what it calls."""
    code = function.__code__
    parts = [code.co_code.hex(), repr(code.co_consts)]
    for name, value in _used(function).items():
        is_called = isinstance(value, Compiled)
        parts += [name, _digest(value.function) if is_called else repr(value)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _used(function: FunctionType) -> dict[str, Any]:
    """What it takes from its module by name."""
    names = function.__globals__
    return {name: names[name] for name in function.__code__.co_names if name in names}
