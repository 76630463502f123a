#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
#
# fresh_debian.sh [COMMAND...]            (default: make test)
#
# Runs a command on this tree inside a new, minimal Debian 12: python3 without venv and pip, git, make, nothing
# else of ours. Needs root, debootstrap and the network. The system is made once in $FRESH (/tmp/fresh) and stays
# untouched; each run works in a copy of it, $FRESH-run, which stays for inspection until the next run.
#
# The mounts live in a mount namespace of their own and end with the command, so neither folder ever holds one.
set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fresh=${FRESH:-/tmp/fresh}
run=$fresh-run
[ $# -gt 0 ] || set -- make test

if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
    echo "fresh_debian: needs root and debootstrap (apt-get install debootstrap)" >&2
    exit 1
fi

if [ ! -e "$fresh/etc/debian_version" ]; then
    echo "fresh_debian: making Debian 12 in $fresh"
    debootstrap --variant=minbase --include=python3,git,make,ca-certificates bookworm "$fresh" ${MIRROR:+"$MIRROR"} >"$fresh.log" 2>&1
fi

echo "fresh_debian: copying it to $run"
rm -rf --one-file-system "$run"
cp -a "$fresh" "$run"

# How this machine reaches the network: package sources, resolver, certificates, pip's settings.
rm -f "$run/etc/apt/sources.list"
for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d/99* /etc/resolv.conf /etc/hosts \
    /etc/pip.conf /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates; do
    [ ! -e "$path" ] || cp -a --dereference "$path" "$run$(dirname "$path")/"
done

# The tree as a clean clone would have it: what .gitignore leaves out stays here.
mkdir -p "$run/srv/daykeep"
tar -C "$tree" --exclude=./.git --exclude-from=<(sed -e 's#/$##' -e 's#^/#./#' "$tree/.gitignore") -cf - . |
    tar -C "$run/srv/daykeep" -xf -

echo "fresh_debian: $*"
exec unshare --mount --pid --fork --kill-child bash -c '
    run=$1
    shift
    mount -t proc proc "$run/proc"
    mount -t tmpfs tmpfs "$run/dev/shm"
    mount -t devpts devpts "$run/dev/pts"
    variables=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 CI=true)
    for name in PIP_CERT PIP_DEFAULT_TIMEOUT SSL_CERT_FILE REQUESTS_CA_BUNDLE http_proxy https_proxy no_proxy; do
        [ -z "${!name:-}" ] || variables+=("$name=${!name}")
    done
    exec chroot "$run" /usr/bin/env -i "${variables[@]}" \
        bash -c "cd /srv/daykeep && exec \"\$@\"" bash "$@" </dev/null
' bash "$run" "$@"
