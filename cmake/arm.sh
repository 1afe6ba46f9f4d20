#!/bin/sh
# Configures the preset arm64 or armhf: arm.sh arm64|armhf
# The libraries come from Debian's archive for that processor, unpacked into build/<preset>-sysroot: nothing is
# installed on this machine but a compiler and qemu, and apt's own lists stay as they are.
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
processor=$1
sysroot=$PWD/build/$processor-sysroot
apt_folder=$PWD/build/$processor-apt

# All that core, reference and the program are compiled with, and the tests.
libraries="libc6-dev libstdc++-12-dev|libstdc++-14-dev libxtensor-dev libboost-test-dev nlohmann-json3-dev libcli11-dev libfmt-dev
libtbb-dev libxxhash-dev zlib1g-dev libpng-dev libjpeg62-turbo-dev libspng-dev libkainjow-mustache-dev libjs-chart.js"

# apt-get for the other processor, with lists, cache and state of its own.
other_apt() {
    tool=$1
    shift
    "$tool" -q -o APT::Architecture="$processor" -o APT::Architectures="$processor" -o Dir::State="$apt_folder/state" \
        -o Dir::State::status="$apt_folder/state/status" -o Dir::Cache="$apt_folder/cache" -o APT::Sandbox::User= \
        -o Debug::NoLocking=1 "$@"
}
other_known() { other_apt apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }

make_sysroot() {
    [ ! -e "$sysroot/.made" ] || return 0
    rm -rf "$sysroot" "$apt_folder"
    mkdir -p "$sysroot" "$apt_folder/state/lists/partial" "$apt_folder/cache/archives/partial"
    : >"$apt_folder/state/status"
    say "Fetching libraries for $processor into $sysroot"
    other_apt apt-get update || die "apt-get update for $processor failed: is there a network?"
    wanted=""
    for word in $libraries; do
        for package in $(alternatives "$word"); do
            if other_known "$package"; then
                wanted="$wanted $package"
                break
            fi
        done
    done
    # Shellcheck: a list of words.
    other_apt apt-get install -y --no-install-recommends --download-only $wanted ||
        die "the libraries for $processor could not be fetched"
    # /lib is /usr/lib, as in Debian since 12.
    mkdir -p "$sysroot/usr/lib"
    ln -sfn usr/lib "$sysroot/lib"
    for package in "$apt_folder"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -xf - -C "$sysroot" --keep-directory-symlink
    done
    : >"$sysroot/.made"
}

make_sysroot

cmake --preset "$processor"
