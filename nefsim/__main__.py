"""``python -m nefsim`` is the command ``nefsim``."""

import sys

from nefsim.cli import main

if __name__ == "__main__":  # worker processes of MPI import this file, too
    sys.exit(main())
