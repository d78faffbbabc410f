"""The page: what is built from `web/`, and how a plane serves it.

A client of the API like any other: it reaches nothing inside.  The bundle in `page/` is built from
the TypeScript in `web/` (`make web`) and ships with the package, so nobody who runs Hanza needs
Node; `make check-web` fails when it is not what the source builds.
"""
