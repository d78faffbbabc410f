"""How long it takes until a chain of twenty stores has joined: `make bench-join`.

Real planes and agents over TLS on loopback, the fake driver, one store after another; from
`hanza provider invite` until every host is offered.
"""

import json
import sys
import tempfile
from pathlib import Path

from kit.fleets import JOINED_WITHIN_S, join_fleet
from kit.processes import a_local_league


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, a_local_league(Path(folder)) as league:
        stores, seconds = join_fleet(league)
    for metric, value, unit, most in (
        ("stores joined", stores, "stores", None),
        ("all joined and offered", round(seconds, 1), "s", JOINED_WITHIN_S),
        ("per store", round(seconds / stores, 2), "s", None),
    ):
        record = {"bench": "join", "metric": metric, "value": value, "unit": unit, "at_most": most}
        print(json.dumps(record))
    return 0 if seconds <= JOINED_WITHIN_S else 1


if __name__ == "__main__":
    sys.exit(main())
