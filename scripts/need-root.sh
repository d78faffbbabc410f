#!/bin/sh
# Says in one sentence that root is needed, before anything else is done.
if [ "$(id -u)" -ne 0 ]; then
    echo "$1 needs root, because it makes network namespaces and starts libvirtd: run sudo $1." >&2
    exit 1
fi
