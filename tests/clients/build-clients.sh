#!/usr/bin/env bash
# Builds what no package brings: versions of git from a clone of its repository, and the clients of go-git and, with cargo, gitoxide.
#   tests/clients/build-clients.sh <folder> <clone of git.git> <version>...
#   CLIENT_GITS=<folder>/v1.8.0/bin/git:… CLIENT_GO_GIT=<folder>/go-git-client npm test -- tests/clients
# Needs a C compiler and the headers of libcurl and zlib.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
repository=$2
shift 2

cp -r "$here/go-git" "$folder/go-git-source"
(cd "$folder/go-git-source" && go mod tidy && go build -o "$folder/go-git-client" .)
rm -r "$folder/go-git-source"

if command -v cargo >/dev/null; then
  CARGO_TARGET_DIR="$folder/gitoxide-target" cargo build --locked --manifest-path "$here/gitoxide/Cargo.toml"
  mv "$folder/gitoxide-target/debug/gitoxide-client" "$folder/"
  rm -r "$folder/gitoxide-target"
fi

for version in "$@"; do
  source=$(mktemp -d)
  git -C "$repository" archive "$version" | tar x -C "$source"
  # Perl, Tcl and the rest have no part in the transport; old sources need an old dialect of C.
  make -s -C "$source" prefix="$folder/$version" CFLAGS='-O1 -std=gnu99 -fcommon -w' NO_OPENSSL=1 NO_EXPAT=1 NO_GETTEXT=1 NO_PERL=1 \
    NO_PYTHON=1 NO_TCLTK=1 NO_RUST=1 all install >/dev/null
  rm -rf "$source"
  "$folder/$version/bin/git" --version
done
