"""What stands in the cells of a table with types."""

import pyarrow as pa
import pyarrow.parquet as pq

from breakeven.usage.read import read_workload


def test_blank_texts_of_a_parquet_file_are_no_numbers_and_no_mistakes(tmp_path):
    path = tmp_path / "log.parquet"
    columns = {
        "model": ["gpt-4o"] * 4,
        "input_tokens": [" 100 ", "200", "", "400"],
        "output_tokens": ["1", "2", "3", "4"],
        "cached_tokens": ["", "  ", "0", "x"],
    }
    pq.write_table(pa.table(columns), path)
    found = read_workload(path)
    assert (found.rows_read, found.rows_rejected) == (4, 2)
    assert (found.tokens.prompt, found.tokens.output) == (300, 3)
    assert [(one.column, one.value) for one in found.problems] == [
        ("input_tokens", ""),
        ("cached_tokens", "x"),
    ]
