"""Makes a front of its process, before planes that are `kit.tiny_plane`.

python -m kit.fronting STATE PORT
"""

import sys
from pathlib import Path

from hanza.boot.front.begin import begin
from hanza.boot.settings import Address, PlaneSettings
from kit.tiny_plane import run


def main() -> int:
    state, port = Path(sys.argv[1]), int(sys.argv[2])
    is_plain = not (state / "server.pem").exists()
    settings = PlaneSettings(state, (Address("127.0.0.1", port),), "", is_plain)
    return run(begin(settings, "json", "kit.tiny_plane"), state)


if __name__ == "__main__":
    sys.exit(main())
