"""Tables that an older version wrote: refreshed prices kept over an upgrade, a folder of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing

import duckdb
from duckdb import DuckDBPyConnection

from breakeven.paths import DATA
from breakeven.tables.sheet import Sheet

LATER: Mapping[str, frozenset[str]] = {
    "api_prices": frozenset(
        {
            "audio_input_usd_per_mtok",
            "audio_cache_read_usd_per_mtok",
            "audio_output_usd_per_mtok",
            "image_input_usd_per_mtok",
            "image_cache_read_usd_per_mtok",
            "image_output_usd_per_mtok",
            "web_search_usd_per_1000",
            "meter_sources",
        }
    ),
    "models": frozenset({"kv_layers", "state_bytes"}),
    "model_scores": frozenset({"variant", "score_low", "score_high", "scored_on"}),
}
"""By table: columns that came later. Where a file lacks one, its cells are taken as empty. For prices, which
would then be billed as text, see :func:`with_catalogue`; without ``kv_layers`` a cache has its full size, and
a model whose recurrent layers have no ``state_bytes`` is refused."""
_NO_METERS = "refreshed by an older version, which kept no price of audio, pictures and searches"

_COLUMNS = (
    "SELECT table_name, list(column_name ORDER BY ordinal_position) FROM information_schema.columns "
    "GROUP BY table_name ORDER BY min(table_name)"
)


def with_catalogue(prices: Sheet, catalogue: Sheet) -> Sheet:
    """Refreshed prices without some columns, made safe by the installed catalogue.

    An empty price of audio or pictures means that they are billed as text. So an offer that has such a price
    in the catalogue keeps the catalogue's rows, and one that the catalogue does not know is flagged.
    """
    absent = [name for note in prices.notes for name in note.column.split(", ") if name != "meter_sources"]
    offers = [str(offer) for (offer,) in catalogue.keys(("api_offer_id",))]
    metered = {
        offer
        for offer, cells in zip(offers, catalogue.keys(absent), strict=True)
        if any(cell is not None for cell in cells)
    }
    rows = [row for offer, row in zip(offers, catalogue.rows, strict=True) if offer in metered]
    known, unknown = {*offers}, set()
    flag = prices.columns.index("flag")
    for (offer,), row in zip(prices.keys(("api_offer_id",)), prices.rows, strict=True):
        if offer not in known:
            unknown.add(offer)
            row[flag] = row[flag] or _NO_METERS
        if offer not in metered:
            rows.append(row)
    said = (
        f"are missing, so {len(metered)} offers that have such a price are those of the installed catalogue, "
        f"and {len(unknown)} that it does not know are flagged; refresh the prices to mend it"
    )
    notes = [note._replace(reason=said) for note in prices.notes]
    return Sheet(prices.file, prices.columns, [*range(1, len(rows) + 1)], rows, prices.problems, notes)


def lacks(connection: DuckDBPyConnection) -> Iterator[str]:
    """Say what the tables of a folder lack of those of this version, table by table.

    A folder brings its own ``schema.sql``; with an older one the tables build, but not all can be asked.
    """
    held = dict(connection.execute(_COLUMNS).fetchall())
    with closing(duckdb.connect(":memory:")) as own:
        own.execute((DATA / "schema.sql").read_text(encoding="utf-8"))
        wanted = own.execute(_COLUMNS).fetchall()
    for table, columns in wanted:
        absent = ", ".join(column for column in columns if column not in held.get(table, ()))
        if table not in held:
            yield f"schema.sql:1: {table}: is missing; take it and {table}.csv from this version's tables"
        elif absent:
            yield f"schema.sql:1: {table}: lacks {absent}; take schema.sql from this version's tables"
