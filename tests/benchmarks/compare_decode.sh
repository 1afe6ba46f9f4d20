#!/bin/sh
# Decoding of 500x375 JPEG files of quality 90 against torchvision, one process each in turn; prints medians of images
# a second of processor time, so a core, and ratios.
#   compare_decode.sh BUILD_DIR FOLDER [ROUNDS] [SECONDS]   (built with -DLIPT_BUILD_BENCHMARKS=ON; python3-torchvision)
# FOLDER is made with 500 scenes if it is not there; one from photographs, or from CIFAR-10 enlarged
# (make_image_folder.py --cifar DIR FOLDER --size 500x375 --limit 500), serves as well.
set -eu
build=${1:?usage: compare_decode.sh BUILD_DIR FOLDER [ROUNDS] [SECONDS]}
folder=${2:?usage: compare_decode.sh BUILD_DIR FOLDER [ROUNDS] [SECONDS]}
rounds=${3:-5}
seconds=${4:-3}
here=$(dirname "$0")
[ -d "$folder/train" ] || /usr/bin/python3 "$here/../support/make_image_folder.py" --scenes 500 "$folder"

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

printf '%-9s %12s %12s %7s\n' what lipt torchvision ratio
for what in train evaluate; do
  ours= theirs=
  for _ in $(seq "$rounds"); do
    ours="$ours $("$build/tests/benchmarks/benchmark_decode" $what "$folder" --seconds "$seconds")"
    theirs="$theirs $(/usr/bin/python3 "$here/decode.py" $what "$folder/train" 224 "$seconds")"
  done
  a=$(printf '%s\n' $ours | median)
  b=$(printf '%s\n' $theirs | median)
  printf '%-9s %12s %12s %7s\n' $what "$a" "$b" "$(awk "BEGIN { printf \"%.2f\", $a / $b }")"
done
