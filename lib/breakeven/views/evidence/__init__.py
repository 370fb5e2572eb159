"""Evidence: every measured row beside its prediction."""
