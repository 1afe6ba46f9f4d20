#!/bin/sh
# Final accuracy of the same runs by two builds of lipt, each with another backend, over seeds: they should differ by no
# more than seeds do. Prints mean and sample standard deviation in percent; the run directories stay, and what is there
# is not run again.
#   backend_accuracy.sh OUT_DIR LIPT OTHER_LIPT [SEEDS]
#   CIFAR=DIR backend_accuracy.sh ...      CIFAR-10 as well as Fashion-MNIST
set -eu
out=${1:?usage: backend_accuracy.sh OUT_DIR LIPT OTHER_LIPT [SEEDS]}
first=${2:?}
second=${3:?}
seeds=${4:-"1 2 3"}
common="--preset recommended --network resnet8 --train-samples 20000 --fraction 0.1 --threads 1"

# runs DATASET DATA PROGRAM LETTER: LiPT's pipeline, and a random subset from fresh weights, of every seed.
runs() {
    for seed in $seeds; do
        # shellcheck disable=SC2086
        "$3" run $common --dataset "$1" --data "$2" --seed "$seed" --out "$out/$1-$4-lipt-$seed" >>"$out/log-$4" 2>&1
        # shellcheck disable=SC2086
        "$3" run $common --dataset "$1" --data "$2" --seed "$seed" --pretrain none --selector random --start fresh \
            --out "$out/$1-$4-random-$seed" >>"$out/log-$4" 2>&1
    done
}

row() {
    for seed in $seeds; do
        sed -n 's/.*"final": *\([0-9.]*\).*/\1/p' "$out/$1-$2-$3-$seed/result.json"
    done | awk -v name="$1 $(grep -o '"backend": *"[a-z]*"' "$out/$1-$2-$3-1/config.json" | cut -d'"' -f4) $3" '
        { sum += $1; squares += $1 * $1; n++ }
        END { mean = sum / n; printf "%-32s %5.2f +- %.2f\n", name, 100 * mean, 100 * sqrt((squares - n * mean * mean) / (n - 1)) }'
}

mkdir -p "$out"
for dataset in fashion-mnist ${CIFAR:+cifar10}; do
    data=/usr/share/datasets/fashion-mnist
    [ "$dataset" = cifar10 ] && data=$CIFAR
    runs "$dataset" "$data" "$first" a &
    runs "$dataset" "$data" "$second" b
    wait
    for kind in lipt random; do
        for letter in a b; do row "$dataset" "$letter" "$kind"; done
    done
done
