"""``python -m lib.cli`` is ``breakeven``."""

import sys

from lib.cli import main

if __name__ == "__main__":
    sys.exit(main())
