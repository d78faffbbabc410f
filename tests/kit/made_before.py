"""Read last by the process that all forks come from: what each of them would make first.

A plane's pages of reference are the same for all planes.  And what is there by now is kept from
the collector, so that forks go on sharing it.
"""

import gc

from hanza.boot.plane import published

published()
gc.collect()
gc.freeze()
