#!/bin/sh
# What masks, soup and one selection cost a small machine: code and constants of a program that does the three, beyond
# one that does nothing, and the most heap it holds at once; in bytes, the input (static arrays) apart.
# -Os -fno-exceptions -fno-rtti, the reference backend.
# embedded_size.sh [COMPILER=EMULATOR ...]    e.g. g++= aarch64-linux-gnu-g++="qemu-aarch64-static -L build/arm64-sysroot"
# SYSROOT_<the compiler, each sign that is no letter a _>: a root in which that compiler finds headers and libraries.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- g++=
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/lipt"
cp -rs "$PWD"/include/lipt/. "$work/lipt"
ln -s "$PWD/backends" "$work/lipt/backends"
printf 'int main() { return 0; }\n' >"$work/nothing.cpp"

printf '| compiler | version | text | data and bss | peak heap | its input |\n|---|---|---:|---:|---:|---:|\n'
for pair in "$@"; do
    compiler=${pair%%=*}
    emulator=${pair#*=}
    sysroot=""
    eval "root=\${SYSROOT_$(printf '%s' "$compiler" | tr -c 'A-Za-z0-9\n' _):-}"
    [ -z "$root" ] || sysroot="--sysroot=$root"
    flags="-std=c++20 -Os -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections -Wl,--gc-sections $sysroot"
    # Lists of words.
    $compiler $flags -I "$work" tests/benchmarks/embedded_size.cpp -o "$work/three"
    $compiler $flags "$work/nothing.cpp" -o "$work/nothing"
    # text, data + bss
    three=$(size "$work/three" | awk 'NR == 2 { print $1, $2 + $3 }')
    none=$(size "$work/nothing" | awk 'NR == 2 { print $1, $2 + $3 }')
    heap=$($emulator "$work/three")
    set -- $three $none $heap
    printf '| `%s` | %s | %d | %d | %d | %d |\n' "$compiler" "$($compiler -dumpfullversion)" $(($1 - $3)) $(($2 - $4 - $6)) "$5" "$6"
done
