// DuckDB's own classes for JavaScript speak Arrow; ours hands the bytes to Python, which has Arrow of its own.
export default {};
