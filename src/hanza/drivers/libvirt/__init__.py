"""Guests on one host through libvirt, and `test:///default` for tests without a hypervisor.

    open_driver(federation, {"uri": "qemu:///system", "images": ..., "pool": ..., "serial": ...})

One module, `door`, imports libvirt.  `connection` bounds each call in time and says honestly
what became of it; `domains` turns our words into XML and back; `pool` and `serial` keep the
files; `accelerator` believes in KVM only after a guest has booted on it.
"""

from hanza.drivers.libvirt.driver import Driver
from hanza.drivers.libvirt.options import open_driver

__all__ = ["Driver", "open_driver"]
