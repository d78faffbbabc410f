"""How long to leave something alone that has just failed.

Doubling from one second to a ceiling, without chance: spreading load is the job of whoever
has many callers, and deciding code must give the same answer twice.
"""

from datetime import timedelta

FIRST = timedelta(seconds=1)
CEILING = timedelta(seconds=60)


def delay_after(failures: int, first: timedelta = FIRST, ceiling: timedelta = CEILING) -> timedelta:
    """The pause after so many failures in a row; the first failure counts one."""
    if failures < 1:
        return timedelta(0)
    doublings: int = 2 ** min(failures - 1, 16)
    return min(first * doublings, ceiling)
