"""Who can be meant by a role assignment.

The plane keeps no list of people yet: its operator makes a token for any name, so every name is
one that may come, and none is a stranger.
"""

from collections.abc import Iterable

from hanza.store.tx import Tx


def strangers_among(tx: Tx, tenant: str, names: Iterable[str]) -> frozenset[str]:  # noqa: ARG001
    """Those of the names whom the tenant cannot know."""
    return frozenset()
