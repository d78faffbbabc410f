#!/bin/sh
# Resolves the dependencies of pyproject.toml anew, for all platforms and with every file's hash.
set -eu
cd "$(dirname "$0")/.."

TOOL=.cache/lock
[ -x "$TOOL/bin/uv" ] || {
    python3 -m venv "$TOOL"
    "$TOOL/bin/pip" install -q uv
}
"$TOOL/bin/uv" pip compile --universal --generate-hashes --python-version 3.11 --upgrade \
    --no-header --no-annotate --extra libvirt --group dev pyproject.toml \
    --output-file "${1:-requirements/dev.lock}"
