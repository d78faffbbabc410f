"""An engine in memory: the reference meaning of the driver contract, and a site for tests.

    open_driver(federation, {"hosts": "3", "cpus": "16", "state": "/path/site.json"})

It promises what `spi` promises, answers at once, can stand for thousands of hosts, fails only
as ordered (`Fault`), and with a state file its guests outlive the process.  It runs nothing.
"""

from hanza.drivers.fake.driver import FakeDriver
from hanza.drivers.fake.faults import Fault
from hanza.drivers.fake.options import open_driver
from hanza.drivers.fake.site import FakeSite

__all__ = ["FakeDriver", "FakeSite", "Fault", "open_driver"]
