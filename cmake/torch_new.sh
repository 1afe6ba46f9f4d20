#!/bin/sh
# PyPI's newest torch in a virtual environment of its own, and everything built with it; about 5.4 GB and two minutes to
# fetch. Its tests run on the processor: ctest --preset torch-new.
#   sh cmake/torch_new.sh [BUILD_DIR]       rm -r build/torch-new-venv fetches a newer one
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
build=${1:-build/torch-new}
environment=build/torch-new-venv
python=$environment/bin/python3

has_torch() { "$python" -c 'import numpy, torch' 2>/dev/null; }

if ! has_torch; then
    say "Fetching torch and numpy with pip into $environment (5.4 GB)."
    mkdir -p build
    python3 -m venv "$environment" || die "python3 cannot make a virtual environment: install python3-venv"
    "$python" -m pip install --quiet --disable-pip-version-check torch numpy ||
        die "pip could not install torch; is there a network, and room for 5.4 GB under build?"
    has_torch || die "the torch in $environment cannot be imported: rm -r $environment, then try again"
fi
prefix=$("$python" -c 'import torch; print(torch.utils.cmake_prefix_path)')
say "torch $("$python" -c 'import torch; print(torch.__version__)') in $environment"
cmake --preset torch-new -B "$build" "-DCMAKE_PREFIX_PATH=$prefix"
cmake --build "$build" -j "$(job_count)"
