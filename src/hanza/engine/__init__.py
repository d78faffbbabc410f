"""The plane's loop: place, publish, settle.  It knows the store and decides with `plan`."""
