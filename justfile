# Short names for commands that need no `just`: each is the one line under it.

# The dashboard, on http://localhost:8501
run:
    uv run breakeven serve

# Every test
test:
    uv run --extra spark pytest

# Half a minute of tests, to run while working
quick:
    uv run pytest -q -m quick

# Lint, types, imports and the rules of the data
check:
    uv run ruff check . && uv run ruff format --check . && uv run mypy && uv run lint-imports && uv run breakeven data check

# Newer API prices: shown, not taken
refresh:
    uv run breakeven data refresh
