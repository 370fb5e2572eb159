"""What is derived from the rows of a day."""

import gc
from dataclasses import replace
from weakref import ref

from breakeven.tables.day import MOST_KEPT, derived
from tests.builders import TODAY


def counted():
    """A function that notes how often it had to run."""
    runs = []

    @derived
    def twice(tables, number):
        """Double a number, whatever the tables."""
        assert tables.models
        runs.append(number)
        return None if number == 0 else 2 * number

    return twice, runs


def test_what_is_derived_is_made_once_for_each_set_of_parts_and_tables(tables_on):
    twice, runs = counted()
    tables = tables_on(TODAY)
    assert [twice(tables, 1), twice(tables, 1), twice(tables, 2), twice(replace(tables), 1)] == [2, 2, 4, 2]
    assert runs == [1, 2, 1]
    assert twice.__doc__ == "Double a number, whatever the tables."


def test_an_answer_of_none_is_kept_too(tables_on):
    twice, runs = counted()
    assert twice(tables_on(TODAY), 0) is twice(tables_on(TODAY), 0) is None
    assert runs == [0]


def test_only_so_much_is_kept(tables_on):
    twice, runs = counted()
    tables = tables_on(TODAY)
    for number in range(MOST_KEPT + 1):
        twice(tables, number)
    assert twice(tables, MOST_KEPT) == 2 * MOST_KEPT
    assert len(runs) == MOST_KEPT + 1
    twice(tables, 1)
    assert runs[-1] == 1


def test_what_is_kept_does_not_keep_the_tables(tables_on):
    twice, _ = counted()
    tables = replace(tables_on(TODAY))
    twice(tables, 1)
    gone = ref(tables)
    del tables
    gc.collect()
    assert gone() is None
