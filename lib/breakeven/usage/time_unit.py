"""The unit of times that count from the start of a file: what the user says, else what the times show."""

from __future__ import annotations

from dataclasses import replace

from breakeven.usage.formats import ColumnMapping, Recognised
from breakeven.usage.table import Table


def with_time_unit(found: Recognised, table: Table, mapping: ColumnMapping | None) -> Recognised:
    """Give an export of relative times the unit that they are in.

    Traces share the names of their columns and not the unit: Mooncake counts milliseconds in steps of 3,000,
    Qwen-Bailian seconds with fractions, RAGPulse whole seconds as text.
    """
    if not found.format.relative_time or "ts" not in found.mapping:
        return found
    if mapping is not None and mapping.time_unit_s is not None:
        return replace(found, format=replace(found.format, time_unit_s=mapping.time_unit_s))
    cells = [value for row in table.sample for path in found.mapping["ts"] if (value := row.get(path))]
    written = any(path in table.quoted for path in found.mapping["ts"])
    fractions = any("." in cell and cell.partition(".")[2].strip("0") for cell in cells)
    if found.format.time_unit_s == 1.0 or not (written or fractions):
        return found  # whole numbers are in the unit that the export documents
    why = "they have fractions" if fractions else "they are written as text"
    said = f"Times in {found.shown['ts']} are seconds from the start: {why}."
    form = replace(found.format, time_unit_s=1.0)
    return replace(found, format=form, decisions=(*found.decisions, said))
