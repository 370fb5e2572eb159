"""Both sides against each other: the answer, its map, its volumes, its words."""
