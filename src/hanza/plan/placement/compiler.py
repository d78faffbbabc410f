"""The one door to numba: plain loops over columns, as machine code.

A function that passes it may use numbers, arrays, tuples and others of its kind from its own
module.  numba itself is loaded when the first of them is called: it takes a second and 100 MB,
which a small plane need not pay, so `plain` is the same function without it.  What was compiled is
kept beside the source (or where `NUMBA_CACHE_DIR` says), and a second start does not compile again.
With `NUMBA_DISABLE_JIT=1` every call is plain.

This is not a promise that both ways are as fast, only that they mean the same.
"""

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
        self._function = cast("FunctionType", function)
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.fast(*args, **kwargs)

    @cached_property
    def fast(self) -> Callable[P, R]:
        """As machine code; made, or read from where it is kept, by its first call."""
        njit = importlib.import_module("numba").njit
        # The compiler finds what a function calls by name, and knows its own kind only.
        function = _with(self._function, lambda one: one.fast)
        return cast("Callable[P, R]", njit(cache=True, nogil=True)(function))

    @cached_property
    def plain(self) -> Callable[P, R]:
        """As Python runs it, down to the last function that it calls."""
        return cast("Callable[P, R]", _with(self._function, lambda one: one.plain))


def compiled(function: Callable[P, R]) -> Compiled[P, R]:
    """Decorates a function of numbers and arrays.

    What it calls of its kind has to be in its own module: the kept code of a caller is thrown
    away when the caller's file changes, and not when another one does.  Raises `ValueError`.
    """
    return Compiled(function)


def _with(function: FunctionType, way: Callable[[Compiled[..., Any]], Any]) -> FunctionType:
    """The same function, calling others of its kind in one way only."""
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        called = names.get(name)
        if isinstance(called, Compiled):
            if called.__module__ != function.__module__:
                raise ValueError(f"{function.__name__} calls {name} of {called.__module__}")
            names[name] = way(called)
    found = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    return cast("FunctionType", update_wrapper(found, function))
