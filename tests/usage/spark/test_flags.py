"""The flags of ``--engine spark`` are held against each other before Spark is started."""

import pytest

from breakeven.cli import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["price"], "name a file, or --engine spark with --table"),
        (["price", "--table", "db.usage"], "--table and --master are for --engine spark"),
        (["price", "x.csv", "--master", "local[2]"], "--table and --master are for --engine spark"),
        (["price", "--engine", "spark"], "takes files or --table, one of them"),
        (
            ["price", "x.parquet", "--engine", "spark", "--table", "db.usage"],
            "takes files or --table, one of them",
        ),
        (["sums", "x.parquet", "--master", "local[2]"], "--master is for --engine spark"),
        (["sums", "--engine", "spark-sql"], "takes files or --table, one of them"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(arguments, told, capsys):
    assert main(arguments) == 2
    assert told in capsys.readouterr().err
