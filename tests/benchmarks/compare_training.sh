#!/bin/sh
# Training and evaluation against PyTorch, all sides in turn in one run; prints medians and ratios.
#   compare_training.sh BUILD_DIR [ROUNDS] [SECONDS]      (built with -DLIPT_BUILD_BENCHMARKS=ON; python3-torch)
#   TORCH_BUILD=build/torch compare_training.sh build/release ...   the torch backend beside both
#   NETWORKS="resnet8 resnet20"                                     only these
set -eu
build=${1:?usage: compare_training.sh BUILD_DIR [ROUNDS] [SECONDS]}
rounds=${2:-5}
seconds=${3:-3}
here=$(dirname "$0")
programs=$build/tests/benchmarks
torch=${TORCH_BUILD:+$TORCH_BUILD/tests/benchmarks/benchmark_training}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }

# The batch of a network for 224 pixels: trained in small ones, evaluated in larger ones, as a loop over data would.
of_224() { if [ "$what" = train ]; then echo "$1"; else echo 64; fi; }

printf '%-12s %-9s %9s %9s %7s' network what lipt pytorch ratio
printf '%s\n' "${torch:+     torch  torch/pytorch  lipt/torch}"
for what in train evaluate; do
  for network in ${NETWORKS:-resnet8 resnet20 resnet18 resnet18-224 wrn-50-2}; do
    how="--threads 2 --seconds $seconds --batch"
    case $network in
    resnet18) how="$how 64" ;;
    resnet18-224) how="$how $(of_224 32) --image 224 --classes 1000" ;;
    wrn-50-2) how="$how $(of_224 16) --image 224 --classes 1000" ;;
    *) how="$how 128" ;;
    esac
    ours= theirs= between=
    for _ in $(seq "$rounds"); do
      ours="$ours $("$programs/benchmark_training" $what $network $how)"
      theirs="$theirs $(/usr/bin/python3 "$here/training_step.py" $what $network $how)"
      [ -z "$torch" ] || between="$between $("$torch" $what $network $how)"
    done
    a=$(printf '%s\n' $ours | median)
    b=$(printf '%s\n' $theirs | median)
    printf '%-12s %-9s %9.1f %9.1f %7s' $network $what "$a" "$b" "$(ratio "$a" "$b")"
    if [ -n "$torch" ]; then
      c=$(printf '%s\n' $between | median)
      printf ' %9.1f %14s %11s' "$c" "$(ratio "$c" "$b")" "$(ratio "$a" "$c")"
    fi
    printf '\n'
  done
done

one= ten=
for _ in $(seq "$rounds"); do
  one="$one $("$programs/benchmark_training" train resnet8 --batch 256 --threads 1 --seconds "$seconds")"
  ten="$ten $("$programs/benchmark_training" train resnet8 --batch 256 --workers 10 --seconds "$seconds")"
done
a=$(printf '%s\n' $one | median)
b=$(printf '%s\n' $ten | median)
echo "ten workers of one thread side by side: $b images/s, one alone: $a, ratio $(ratio "$b" "$a")"
[ -x "$programs/benchmark_convolution" ] || exit 0
for network in resnet8 resnet20 resnet18; do
  "$programs/benchmark_convolution" $network --threads 2 | sed -n '1p;$p'
done
