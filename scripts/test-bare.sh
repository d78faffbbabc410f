#!/bin/sh
# Builds a bare Debian 12, clones this repository's HEAD into it, and runs the README's two commands
# there, so that a missing install step cannot hide.  As root; `--full` runs `make test` there too.
#
# Where packages come from is this machine's business: its apt mirrors, its pip and npm settings and
# its proxies are taken over.  The bare Debian is kept in /var/cache/hanza/bare for a week.
# It has mounts, processes, a host name and a /run of its own, which end with it; the network
# is this machine's, because packages come from there, so the demo must not run here meanwhile.
set -eu
cd "$(dirname "$0")/.."

CACHE=/var/cache/hanza/bare
DAYS=7
PREFIX=hzdemo
TAKEN_OVER='^(PIP_|UV_|NPM_CONFIG_|npm_config_|(http|https|ftp|all|no)_proxy=|(HTTP|HTTPS|FTP|ALL|NO)_PROXY=|SSL_CERT_|REQUESTS_CA_BUNDLE=|CURL_CA_BUNDLE=|NODE_EXTRA_CA_CERTS=|GIT_SSL_CAINFO=)'

say() {
    echo "test-bare: $*" >&2
}

fail() {
    say "$*"
    exit 1
}

seconds() {
    cut -d . -f 1 /proc/uptime
}

# The host's own Debian mirrors of this release, or the public ones where it is another system.
mirrors() {
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
        awk '$2 ~ /^bookworm/ { print "deb " $1 " " $2 " " $4 }' | sort -u
}

apt_options() {
    apt-config dump --format '%F "%v";%n' 2>/dev/null |
        grep -iE '^Acquire::(Check-Valid-Until|Check-Date|[a-z]+::Proxy(::[^ ]*)?) ' || true
}

ensure_base() {
    command -v mmdebstrap >/dev/null || {
        say "installing mmdebstrap"
        DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends mmdebstrap >/dev/null
    }
    mkdir -p "$CACHE"
    mirrors >"$WORK/mirrors"
    apt_options >"$WORK/aptopts"
    BASE=$CACHE/$(cat "$WORK/mirrors" "$WORK/aptopts" | sha256sum | cut -c 1-16).tar
    find "$CACHE" -name '*.tar' -mtime +$DAYS -delete
    [ -f "$BASE" ] && return
    say "building a bare Debian 12"
    sources=$WORK/mirrors
    [ -s "$sources" ] || sources= # then mmdebstrap knows where Debian is
    mmdebstrap --quiet --format=tar --variant=minbase --include=ca-certificates,git,make,python3 \
        --aptopt="$WORK/aptopts" bookworm "$BASE.new" ${sources:+"$sources"}
    mv "$BASE.new" "$BASE"
}

# pip's and npm's settings, and what is on this machine's own disk that they name.
take_over() {
    for file in /etc/pip.conf /etc/npmrc "$HOME/.npmrc" "$HOME/.pip/pip.conf" \
        "$HOME/.config/pip/pip.conf" /etc/resolv.conf /etc/hosts; do
        [ -f "$file" ] || continue
        mkdir -p "$ROOT$(dirname "$file")"
        cp -L "$file" "$ROOT$file"
    done
    env | grep -E "$TAKEN_OVER" >"$WORK/environ" || true
    { cat "$WORK/environ"; python3 -m pip config list 2>/dev/null || true; } >"$WORK/settings"
    # An index on the disk points at files beside itself.
    {
        grep -oE 'file://(/[A-Za-z0-9._-]+){2,}' "$WORK/settings" | sed 's,^file://,,; s,/[^/]*$,,'
        sed 's,[a-z]*://[^ ]*,,g' "$WORK/settings" | grep -oE '(/[A-Za-z0-9._-]+)+'
    } | sort -u |
        while read -r path; do
            case $path in
                /etc | /etc/ssl | /etc/ssl/certs | /usr/* | /bin/* | /lib*) ;;
                *) if [ -d "$path" ]; then
                    echo "$path"
                elif [ -f "$path" ]; then
                    mkdir -p "$ROOT$(dirname "$path")"
                    cp -L "$path" "$ROOT$path"
                fi ;;
            esac
        done >"$WORK/folders"
}

# Run inside: the namespaces are there, the root is not yet changed.
cat_inside() {
    cat <<'INSIDE'
set -eu
root=$1 work=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
while read -r folder; do
    mkdir -p "$root$folder"
    mount --bind -o ro "$folder" "$root$folder"
done <"$work/folders"
hostname bare
set -- env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 TERM=dumb $(cat "$work/environ") "$@"
exec chroot "$root" "$@"
INSIDE
}

# Run in the bare Debian: what a newcomer does.
cat_newcomer() {
    cat <<'NEWCOMER'
set -eu
# A name of what is left of the demo, or nothing.
left() {
    ls -d /var/lib/hanza-demo /run/netns/hzdemo* /sys/class/net/hzdemo* 2>/dev/null || true
    for task in /proc/[0-9]*; do
        case $(tr '\0' ' ' <"$task/cmdline" 2>/dev/null || true) in
            *libvirtd* | *qemu-system* | *hanza.boot*) echo "$task" ;;
        esac
    done
}
git -c advice.detachedHead=false clone -q /head.bundle /root/hanza
cd /root/hanza
grep -q '^make demo ' README.md
grep -q '^make demo-down ' README.md
make demo >/demo.log 2>&1 || { cat /demo.log; exit 1; }
cat /demo.log
awk -F '  +' '
    /^guest  +law/ { for (i = 1; i <= NF; i++) if ($i == "boot") at = i; next }
    at && NF < at { exit }
    at { rows++; if ($at != "seen") quiet++ }
    END { print "test-bare: " rows + 0 " guests, " quiet + 0 " not booted"; exit !(rows && !quiet) }
' /demo.log
make demo-down
found=$(left)
[ -z "$found" ] || { echo "test-bare: left behind: $found"; exit 1; }
echo "test-bare: nothing is left of the demo"
if [ "${1-}" = --full ]; then
    make test
fi
NEWCOMER
}

clean_up() {
    trap - EXIT INT TERM HUP
    [ -z "${CHILD-}" ] || kill -KILL "$CHILD" 2>/dev/null || true
    [ -z "${CHILD-}" ] || wait "$CHILD" 2>/dev/null || true
    # What the newcomer's demo has hung into this machine's network, had it been cut off.
    for wire in /sys/class/net/$PREFIX*; do
        [ -e "$wire" ] && ip link delete "${wire##*/}" 2>/dev/null || true
    done
    # Its mounts were its own and have ended with it: there is nothing but its files.
    rm -rf --one-file-system "$WORK"
}

main() {
    scripts/need-root.sh "make test-bare"
    case ${1-} in '' | --full) ;; *) fail "it knows --full and nothing else" ;; esac
    exec 9>/tmp/hanza-lab.lock
    flock -n 9 || { say "waiting for another lab to end"; flock 9; }
    ls -d /sys/class/net/$PREFIX* >/dev/null 2>&1 && fail "the demo runs here: make demo-down first"
    WORK=$(mktemp -d /var/tmp/hanza-bare.XXXXXX)
    trap clean_up EXIT
    trap 'exit 130' INT TERM HUP
    ROOT=$WORK/root
    began=$(seconds)
    ensure_base
    mkdir "$ROOT"
    tar -C "$ROOT" --numeric-owner -xpf "$BASE"
    take_over
    git diff --quiet HEAD || say "what is not committed is not tried"
    git bundle create -q "$ROOT/head.bundle" HEAD
    cat_inside >"$WORK/inside.sh"
    cat_newcomer >"$ROOT/newcomer.sh"
    say "a bare Debian 12 is there after $(($(seconds) - began)) s; make demo at $(git rev-parse --short HEAD)"
    unshare --mount --pid --uts --ipc --fork --kill-child \
        sh "$WORK/inside.sh" "$ROOT" "$WORK" sh /newcomer.sh "$@" 9>&- &
    CHILD=$!
    wait "$CHILD" || fail "failed after $(($(seconds) - began)) s"
    CHILD=
    say "done after $(($(seconds) - began)) s"
}

main "$@"
