#!/bin/sh
# Makes .venv from requirements/dev.lock with the hashes checked, and this repository installed
# in it so that edits count at once.  Done once per lock, pyproject.toml and place.
set -eu
cd "$(dirname "$0")/.."

STAMP=.venv/.hanza-setup
LOG=.cache/setup.log

wanted() {
    { pwd; cat requirements/dev.lock pyproject.toml; } | sha256sum
}

say() {
    echo "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# Its words go to the log; on a terminal a dot for each two seconds says that it goes on.
quietly() {
    dots=
    if [ -t 2 ]; then
        while sleep 2 && kill -0 $$ 2>/dev/null; do printf . >&2; done &
        dots=$!
    fi
    status=0
    "$@" >>"$LOG" 2>&1 || status=$?
    [ -z "$dots" ] || { kill "$dots"; say ""; }
    [ "$status" -eq 0 ] || { tail -n 20 "$LOG" >&2; fail "setup failed at: $*"; }
}

# Prints a Python of 3.11 or later; the system's is preferred, because its headers come from apt.
find_python() {
    for name in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Hanza needs Python 3.11 or later, and there is none here."
}

# Prints the Debian packages without which libvirt's Python binding cannot be built.
missing_packages() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    "$1" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' \
        || echo python3-dev
    command -v gcc >/dev/null || echo gcc libc6-dev
    command -v pkg-config >/dev/null || echo pkg-config
    pkg-config --exists libvirt 2>/dev/null || echo libvirt-dev
}

install_packages() {
    command -v apt-get >/dev/null \
        || fail "Please install: $* (this is not Debian or Ubuntu; others are untried)."
    [ "$(id -u)" -eq 0 ] || fail "Please install, as root: apt-get install $*"
    say "installing $*"
    quietly apt-get -q update
    # shellcheck disable=SC2086 -- the list is meant to be split
    quietly env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@"
}

main() {
    if [ "$(cat "$STAMP" 2>/dev/null)" = "$(wanted)" ]; then
        return
    fi
    mkdir -p .cache
    : >"$LOG"
    python=$(find_python)
    # shellcheck disable=SC2046 -- a list of names without spaces
    set -- $(missing_packages "$python")
    [ $# -eq 0 ] || install_packages "$@"
    say "making .venv with $("$python" --version): half a minute, longer where the line is slow"
    quietly "$python" -m venv .venv
    say "installing what Hanza needs into it, each package by its hash"
    quietly .venv/bin/python -m pip install --require-hashes -r requirements/dev.lock
    quietly .venv/bin/python -m pip install --no-deps --no-build-isolation -e .
    wanted >"$STAMP"
}

main
