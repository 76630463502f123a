#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
#
# setup_machine.sh PACKAGE...
#
# Sees to it that these Debian packages are there. As root it installs what is missing; otherwise it says in one
# sentence what to install and ends with status 1. On another system than Debian it says what is needed and
# goes on: the tests themselves then tell what they miss.
set -euo pipefail

if ! command -v dpkg-query >/dev/null; then
    echo "setup: this is not Debian; if something is missing, install what belongs to: $*" >&2
    exit 0
fi

missing=()
for package in "$@"; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "setup: missing on this machine: ${missing[*]}; run: sudo apt-get install -y ${missing[*]}" >&2
    exit 1
fi

# Two targets of `make -j` may ask at the same time; apt's own lock timeout does not cover `apt-get update`.
exec 9>/var/lock/daykeep-setup
flock 9

# Debian starts a server as soon as its package is installed. The tests need nginx's program only, on ports of
# their own, so starting is refused while we install (policy-rc.d, Debian Policy 9.3.3.1: 101 is "forbidden").
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi

echo "setup: installing ${missing[*]}"
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
# Container images leave /usr/share/doc out of packages; two of ours are nothing but documents.
if ! {
    apt-get -q update &&
        apt-get -q install -y --no-install-recommends \
            -o DPkg::Lock::Timeout=300 -o 'Dpkg::Options::=--path-include=/usr/share/doc/*' "${missing[@]}"
} >"$log" 2>&1 </dev/null 9>&-; then
    tail -n 20 "$log" >&2
    echo "setup: apt-get could not install ${missing[*]}; its last lines are above, all of them in $log" >&2
    exit 1
fi
rm -f "$log"
