"""Holds any cloud that says it speaks SECA v1.7 to the standard, over HTTP alone.

It is our own reading of the standard and of what its clients rely on; it is not the official tool
and shares nothing with it.  It knows no cloud's inside, Hanza's neither: it imports nothing of it.
What it makes has random names and is deleted again.
"""
