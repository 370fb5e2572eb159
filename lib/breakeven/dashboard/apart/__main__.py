"""``python -m breakeven.dashboard.apart FD``: what readers are forked from; orders come by a socket."""

import sys

from breakeven.dashboard.apart.nursery import main

if __name__ == "__main__":
    main(int(sys.argv[1]))
