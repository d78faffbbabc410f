"""`python -m hanza_conformance`."""

import sys

from hanza_conformance.cli import main

sys.exit(main())
