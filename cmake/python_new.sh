#!/bin/sh
# The Python package with PyPI's newest NumPy, PyTorch and others, in a virtual environment of its own (about 6 GB), and its
# tests; in all of them, the pages' examples among them.
#   sh cmake/python_new.sh [BUILD_DIR]      rm -r build/python-new-venv fetches newer ones
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
build=${1:-build/python}
environment=$PWD/build/python-new-venv
python=$environment/bin/python3

if ! "$python" -c 'import lipt_everything_is_here' 2>/dev/null; then
    say "Fetching numpy, torch and others with pip into $environment."
    mkdir -p build
    python3 -m venv "$environment" || die "python3 cannot make a virtual environment: install python3-venv"
    "$python" -m pip install --quiet nanobind==3.1.0 pytest==9.2.0 numpy torch safetensors ml_dtypes pandas polars pyarrow \
        scikit-learn matplotlib mypy torchvision nbclient nbformat ipykernel || die "pip could not install them; is there a network, and room for 6 GB under build?"
    "$python" -c 'import sysconfig; open(sysconfig.get_path("purelib") + "/lipt_everything_is_here.py", "w").close()'
fi
cmake --preset python -B "$build" "-DPython_EXECUTABLE=$python"
cmake --build "$build" -j "$(job_count)" --target lipt lipt_python
