#!/bin/sh
# Every source of the tree under other compilers, the project's own flags, no object made: a warning is a fault.
# compilers.sh COMPILER...    e.g. g++-13 clang++-14; CMAKE_ARGS for the configuration, e.g. -DLIPT_BACKEND=torch
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
[ $# -gt 0 ] || die "no compiler was named: cmake/compilers.sh g++-14 clang++-19"

failed=""
for compiler in "$@"; do
    build=build/compilers-$compiler
    # A list of words.
    cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_COMPILER=$compiler" -DLIPT_BUILD_BENCHMARKS=ON \
        -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON ${CMAKE_ARGS:-} >"$build.log" 2>&1 || die "$compiler: configuring failed ($build.log)"
    # Files that the build writes before it compiles them.
    ninja -C "$build" -t targets all | sed -n 's/^\([^ :]*\.cpp\): CUSTOM_COMMAND$/\1/p' | xargs -r ninja -C "$build" >>"$build.log"
    : >"$build.warnings"
    ninja -C "$build" -t compdb |
        sed -n 's/^ *"command": "\(.* -c .*\.cpp\)",$/\1/p' |
        sed 's/\\"/"/g; s/\\\\/\\/g; s/^[^ ]*cmake -E env [^ ]* [^ ]*ccache //; s/ -o [^ ]*\.o / /; s/ -M[DTF] [^ ]*\.o\(\.d\)\{0,1\}//g; s/ -MD / /; s/ -c / -fsyntax-only /' >"$build.commands"
    count=$(grep -c '' "$build.commands")
    [ "$count" -gt 100 ] || die "$compiler: $count sources were found, expected over 100"
    (cd "$build" && xargs -d '\n' -P "$(nproc)" -n 1 sh -c <"../../$build.commands" >>"../../$build.warnings" 2>&1) || failed="$failed $compiler"
    warnings=$(grep -c -E '(warning|error):' "$build.warnings" || true)
    say "$compiler ($($compiler -dumpversion)): $count sources, $warnings warnings and errors ($build.warnings)"
    [ "$warnings" -eq 0 ] || failed="$failed $compiler"
done
[ -z "$failed" ] || die "FAILED with$failed"
