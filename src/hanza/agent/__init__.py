"""The site's side: looks at one engine, converges it on the manifest, and tells the plane.

`converge` meets the driver, `session` speaks the protocol, `journal` remembers on disk, `link`
dials out, `join` makes an agent of a stranger, and `loop` puts them together.
"""
