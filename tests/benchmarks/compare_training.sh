#!/bin/sh
# Training and evaluation against PyTorch in the best of its ways (training_step.py), all sides in turn in one run;
# prints medians and ratios.
#   compare_training.sh BUILD_DIR [ROUNDS] [SECONDS]                (built with -DLIPT_BUILD_BENCHMARKS=ON)
#   PYTHON=venv/bin/python compare_training.sh build/release ...    that interpreter's torch; without it Debian's
#   TORCH_BUILD=build/torch compare_training.sh build/release ...   the torch backend beside both
#   NETWORKS="resnet8 resnet20"                                     only these
#   WAYS="eager,compiled-contiguous"                                only these ways of PyTorch
#   RAW=file                                                        every single rate goes there as well
set -eu
build=${1:?usage: compare_training.sh BUILD_DIR [ROUNDS] [SECONDS]}
rounds=${2:-5}
seconds=${3:-3}
here=$(dirname "$0")
python=${PYTHON:-/usr/bin/python3}
raw=${RAW:-/dev/null}
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT
"$python" -c 'import torch; print("PyTorch " + torch.__version__)' || {
  echo "compare_training.sh: '$python' has no torch: PYTHON=<one that has>" >&2
  exit 1
}
programs=$build/tests/benchmarks
torch=${TORCH_BUILD:+$TORCH_BUILD/tests/benchmarks/benchmark_training}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# The medians of the rates that stand in $rows, a way of PyTorch a line, the best first.
ways() {
  for way in $(awk '$1 != "best" { print $1 }' "$rows" | sort -u); do
    echo "$(awk -v way="$way" '$1 == way { print $2 }' "$rows" | median) $way"
  done | sort -rn
}
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }

# The batch of a network for 224 pixels: trained in small ones, evaluated in larger ones, as a loop over data would.
of_224() { if [ "$what" = train ]; then echo "$1"; else echo 64; fi; }

printf '%-12s %-9s %9s %9s %7s' network what lipt pytorch ratio
printf '%s\n' "${torch:+     torch  torch/pytorch  lipt/torch}   best way of pytorch"
for what in train evaluate; do
  for network in ${NETWORKS:-resnet8 resnet20 resnet18 resnet18-224 wrn-50-2}; do
    how="--threads 2 --seconds $seconds --batch"
    case $network in
    resnet18) how="$how 64" ;;
    resnet18-224) how="$how $(of_224 32) --image 224 --classes 1000" ;;
    wrn-50-2) how="$how $(of_224 16) --image 224 --classes 1000" ;;
    *) how="$how 128" ;;
    esac
    ours= between=
    : >"$rows"
    for _ in $(seq "$rounds"); do
      ours="$ours $("$programs/benchmark_training" $what $network $how)"
      "$python" "$here/training_step.py" $what $network $how ${WAYS:+--ways "$WAYS"} >>"$rows"
      [ -z "$torch" ] || between="$between $("$torch" $what $network $how)"
    done
    a=$(printf '%s\n' $ours | median)
    best=$(ways | head -n 1)
    b=${best% *}
    {
      for rate in $ours; do echo "$network $what lipt $rate"; done
      for rate in $between; do echo "$network $what lipt-torch $rate"; done
      sed "s/^/$network $what pytorch /" "$rows"
    } >>"$raw"
    printf '%-12s %-9s %9.1f %9.1f %7s' $network $what "$a" "$b" "$(ratio "$a" "$b")"
    if [ -n "$torch" ]; then
      c=$(printf '%s\n' $between | median)
      printf ' %9.1f %14s %11s' "$c" "$(ratio "$c" "$b")" "$(ratio "$a" "$c")"
    fi
    printf '   %s\n' "${best#* }"
    ways | sed '1d; s/^/                                     pytorch /'
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
