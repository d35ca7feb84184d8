"""``python -m nefsim`` is the command ``nefsim``."""

import sys

from nefsim.cli import main

sys.exit(main())
