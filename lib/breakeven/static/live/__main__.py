"""``python -m breakeven.static.live DIR``: add the live half to the folder of a site."""

import argparse
from pathlib import Path

from breakeven.static.live.build import add_live
from breakeven.static.live.parts import fetch_parts

parser = argparse.ArgumentParser(prog="python -m breakeven.static.live", description=__doc__)
parser.add_argument("site", type=Path)
parser.add_argument("--base-path", default="/")
parser.add_argument("--runtime", type=Path)
given = parser.parse_args()
live = add_live(given.site, given.base_path, fetch_parts(given.runtime))
print(f"{given.site}: live half {live.version}, {live.bytes / 1e6:.1f} MB at a first visit")
