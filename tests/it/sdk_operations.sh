#!/bin/sh
# Writes sdk_operations.txt: every operation that the SDK crates of Cargo.lock can send, one a line, as
# `service id:Operation`, from the `Metadata::new(operation, service)` that each operation hands the interceptors.
# Run it from the repository's root after a change of SDK versions; the crates must have been downloaded.
set -eu
here=$(dirname "$0")
out="$here/sdk_operations.txt"
{
    echo "# Every operation of the SDK crates in Cargo.lock. Written by tests/it/sdk_operations.sh: do not edit."
    sed -n '/^name = "aws-sdk-/{s/name = "\(.*\)"/\1/;h;n;s/version = "\(.*\)"/\1/;H;x;s/\n/ /;p;}' Cargo.lock |
        while read -r name version; do
            echo "# $name $version"
            set -- "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$name-$version"/src/operation
            # One line a file: rustfmt breaks long calls over several.
            for file in "$1"/*.rs; do tr '\n' ' ' <"$file"; echo; done |
                sed -n 's/.*orchestrator::Metadata::new( *"\([A-Za-z0-9]*\)", *"\([A-Za-z0-9 ]*\)",\{0,1\} *).*/\2:\1/p' |
                LC_ALL=C sort -u
        done
} >"$out.new"
mv "$out.new" "$out"
