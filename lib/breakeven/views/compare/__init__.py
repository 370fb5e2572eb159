"""Compare: API or self-hosting, for two shapes."""
