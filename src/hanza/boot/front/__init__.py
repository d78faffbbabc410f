"""The front of a plane: the process that holds its sockets while planes come and go behind it.

It is started by init (or a shell) as `hanza up`, and is small: nothing of Hanza beyond the log is
read by it.  `handover` is what both say to each other, `porch` answers while no plane does,
`front` decides who serves, `begin` makes a front of `hanza up`, `command` is `hanza plane`.
"""
