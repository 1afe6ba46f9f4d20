"""python -m lipt: the commands of the package, select, soup and stability, as the program `lipt` has them."""

from .command import main

if __name__ == "__main__":
    raise SystemExit(main())
