"""Claims of the articles, recomputed from the formulas and the tables, and judged."""
