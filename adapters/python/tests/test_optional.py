"""What is imported when, and what is said where it is missing."""
import subprocess
import sys

import pytest


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_importing_the_package_imports_nothing_optional():
    made = run("import sys, lipt, lipt.run, lipt.plot; "
               "print([name for name in ('torch', 'matplotlib', 'pandas') if name in sys.modules])")
    assert (made.stdout, made.returncode) == ("[]\n", 0), made.stderr


@pytest.mark.parametrize("package, use", [("torch", "lipt.torch.RS2"), ("torch", "from lipt.torch import outputs"),
                                          ("matplotlib", "lipt.plot.picks([0], [[1.0, 2.0], [3.0, 4.0]])")])
def test_what_is_missing_is_named_with_the_way_to_get_it(package, use):
    made = run(f"import sys; sys.modules['{package}'] = None; import lipt; {use}")
    last = made.stderr.strip().splitlines()[-1]
    assert made.returncode == 1 and last.startswith("ImportError:") and f"pip install {package}" in last
