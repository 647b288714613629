#!/bin/sh
# Generates Sources/InformationPlane/Wire/frame.pb.swift from frame.proto. Run it by hand after changing
# the .proto file, and commit what it makes; neither the build nor CI runs it.
#
# Needs protoc (Debian: apt-get install protobuf-compiler) and swift-protobuf's plugin of the version that
# Package.resolved names; this script builds the plugin in a folder of its own if PROTOC_GEN_SWIFT is unset.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
plugin=${PROTOC_GEN_SWIFT:-}
if [ -z "$plugin" ]; then
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
  (cd "$root" && swift package resolve)
  cp -R "$root/.build/checkouts/swift-protobuf" "$build/swift-protobuf"
  (cd "$build/swift-protobuf" && swift build --product protoc-gen-swift -c release)
  plugin="$build/swift-protobuf/.build/release/protoc-gen-swift"
fi
protoc --plugin=protoc-gen-swift="$plugin" --proto_path="$here" \
  --swift_opt=Visibility=Public --swift_opt=UseAccessLevelOnImports=true \
  --swift_out="$root/Sources/InformationPlane/Wire" "$here/frame.proto"
