#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
#
# fetch_npm.sh LIST FOLDER
#
# Fetches each package that LIST names (a line is NAME@VERSION INTEGRITY; # begins a comment) with `npm pack`,
# compares it with its integrity, and unpacks it as FOLDER/NAME. Nothing of it is run, and what it depends on is
# not fetched. Ends with status 1 where a package is not what LIST says.
set -euo pipefail

list=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder"
while read -r package integrity; do
    case $package in '' | '#'*) continue ;; esac
    tarball=$(npm pack "$package" --silent --pack-destination "$folder" </dev/null | tail -n 1)
    found="sha512-$(openssl dgst -sha512 -binary "$folder/$tarball" | base64 -w 0)"
    if [ "$found" != "$integrity" ]; then
        echo "fetch_npm: $package is $found, and $list says $integrity; look before you change the list" >&2
        exit 1
    fi
    name=${package%@*}
    mkdir -p "$folder/$name"
    tar -xzf "$folder/$tarball" -C "$folder/$name" --strip-components 1
    rm "$folder/$tarball"
done <"$list"
