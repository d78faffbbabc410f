"""Several sites on one machine, for the demo and for tests with real engines.

Each site is a network namespace with one wire to the plane, and in it a libvirtd and an agent
that see folders of their own where the machine's libvirt has its.  What is made here bears one
prefix or one mark, so that it can be found and ended from the names alone.  It is not a way to
run a real site: there the machine itself is the site.
"""
