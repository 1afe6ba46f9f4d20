#!/bin/bash
# What it costs to use LiPT as a library, and how large its program is: the user time of a compiler run on compile_cost.cpp
# (-O2, no cache), the least of some runs, since other work on the machine slows them down; and the stripped program.
#   compile_cost.sh BUILD_DIR [ROUNDS] [COMPILER]      (BUILD_DIR holds lipt, built with the backend onednn)
# Wanted: below 6 s, and below 5 MB.
set -euo pipefail
build=${1:?usage: compile_cost.sh BUILD_DIR [ROUNDS] [COMPILER]}
rounds=${2:-5}
compiler=${3:-c++}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# user_time FLAGS FILE: the least user time of compiling it, in seconds.
user_time() {
    for _ in $(seq "$rounds"); do
        { time -p "$compiler" -std=c++20 $1 -I "$here/../../include" -I "$build/include" -c "$2" -o "$scratch/out.o"; } \
            2>&1 | awk '$1 == "user" { print $2 } /error/ { print > "/dev/stderr" }'
    done | sort -n | head -n 1
}

printf '%-46s %6s s\n' 'core, soup and GradMatch, -O2' "$(user_time -O2 "$here/compile_cost.cpp")"
for header in lipt/lipt.hpp lipt/select/gradmatch.hpp lipt/pretrain/soup.hpp lipt/tensor.hpp xtensor/xtensor.hpp; do
    echo "#include <$header>" >"$scratch/header.cpp"
    printf '%-46s %6s s\n' "<$header> alone" "$(user_time -O2 "$scratch/header.cpp")"
done

strip -o "$scratch/lipt" "$build/adapters/cli/lipt"
printf '%-46s %6s MB\n' 'lipt, stripped' "$(stat -c %s "$scratch/lipt" | awk '{ printf "%.2f", $1 / 1e6 }')"
