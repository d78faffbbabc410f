"""Builds the guests' image, and finds out whether KVM works here: the demo's slow things, once.

A program of its own, so that it runs beside other steps and can be ended like any process of the
demo: `python -m hanza.boot.demo.image CACHE INTO PROOF`.
"""

import sys
from pathlib import Path

from hanza.boot import tiny_image
from hanza.drivers.libvirt.accelerator import choose_accelerator
from hanza.model.errors import Refusal


def main() -> None:
    cache, into, proof = map(Path, sys.argv[1:])
    try:
        tiny_image.build(cache, into)
        choose_accelerator("auto", into, proof)
    except Refusal as refusal:
        sys.exit(f"{refusal}" + (f"; try: {refusal.hint}" if refusal.hint else ""))


if __name__ == "__main__":
    main()
