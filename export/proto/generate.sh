#!/bin/sh
# Makes Sources/ControlProtos/*.pb.swift from the .proto files beside this script. Needs Debian's
# protobuf-compiler; the Swift plugin is built from the swift-protobuf version that the package
# asks for, so messages and runtime always fit.
#
#   export/proto/generate.sh          writes the files
#   export/proto/generate.sh --check  fails when they are not what would be written
set -eu
cd "$(dirname "$0")/../.."
out=Sources/ControlProtos
if ! command -v protoc >/dev/null; then
    echo "generate.sh: protoc is missing: apt-get install protobuf-compiler" >&2
    exit 1
fi
plugin=.build/release/protoc-gen-swift
if [ ! -x "$plugin" ]; then
    swift build -c release --product protoc-gen-swift
fi
target=$out
if [ "${1:-}" = --check ]; then
    target=$(mktemp -d)
    trap 'rm -rf "$target"' EXIT
fi
# The well-known types are taken from the runtime's own sources.
protoc --plugin=protoc-gen-swift="$plugin" \
    -I export/proto -I .build/checkouts/swift-protobuf/Protos/Sources/SwiftProtobuf \
    --swift_out="$target" --swift_opt=Visibility=Package --swift_opt=UseAccessLevelOnImports=true \
    tetragon.proto secd.proto
if [ "$target" != "$out" ]; then
    diff -r "$out" "$target" || {
        echo "generate.sh: $out is not current: run export/proto/generate.sh and commit" >&2
        exit 1
    }
fi
