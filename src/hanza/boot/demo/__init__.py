"""The demo: six invented providers, their six sites on this machine, and real guests at them.

`hanza demo up` makes it, `hanza demo down` leaves nothing of it.  It uses the same plane, agents
and commands as anybody: what it adds is the lab below it, and patience shown in steps.
"""
