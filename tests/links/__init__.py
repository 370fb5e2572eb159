"""Links that were shared before, and the answers that they gave."""
