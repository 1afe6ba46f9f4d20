#!/bin/sh
# How the time of a selection grows with N, k and E, against its formula: raw numbers and a plot.
#   selection_growth.sh BUILD_DIR [OUT_DIR] [SHARE]
# BUILD_DIR is built with -DLIPT_BUILD_BENCHMARKS=ON. OUT_DIR (tests/benchmarks/results) gets selection_growth.csv,
# three runs a point, and selection_growth.svg, which needs python3-matplotlib. SHARE (1) shrinks every N, to try it.
set -eu
build=${1:?usage: selection_growth.sh BUILD_DIR [OUT_DIR] [SHARE]}
here=$(dirname "$0")
out=${2:-$here/results}
share=${3:-1}
program=$build/tests/benchmarks/benchmark_selection
methods='gradmatch gradmatch-batch craig facility-location graph-cut log-determinant k-center herding moderate cal
  contextual-diversity grand el2n glister'
mkdir -p "$out"
raw=$out/selection_growth.csv

scaled() { awk "BEGIN { printf \"%d\", $1 * $share }"; }

# measure VARIED --samples N --fraction F --width E
measure() {
  varied=$1
  shift
  for method in $methods; do
    for _ in 1 2 3; do
      printf '%s,%s\n' "$varied" "$("$program" --method "$method" --threads 2 --repeats 1 --csv "$@")" >>"$raw"
    done
  done
}

echo 'varied,method,samples,classes,width,fraction,threads,wall_s,processor_s,gflop,gflop_s,share_of_product' >"$raw"
for samples in 5000 10000 20000 50000 100000; do
  measure N --samples "$(scaled $samples)" --fraction 0.1 --width 64
done
for fraction in 0.02 0.05 0.1 0.2 0.4; do
  measure k --samples "$(scaled 20000)" --fraction $fraction --width 64
done
for width in 16 64 256 512 1024; do
  measure E --samples "$(scaled 20000)" --fraction 0.1 --width $width
done
/usr/bin/python3 "$here/selection_growth.py" "$raw" "$out/selection_growth.svg"
