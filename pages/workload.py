"""Price my workload: what last month's usage would cost elsewhere, and on rented GPUs."""

import streamlit as st

from breakeven.dashboard import bills, blocks, inputs, uploads
from breakeven.dashboard.bar import bar
from breakeven.dashboard.saving import cite
from breakeven.dashboard.session import (
    fields_of_widgets,
    link_to,
    money_of,
    open_fields,
    open_scenario,
    save_scenario,
    scenario_of_widgets,
    sources,
    tables_on,
)
from breakeven.question.pages.capacity import FIELDS, USUAL
from breakeven.question.pages.workload import FIELDS as BILL
from breakeven.question.pages.workload import USUAL as BILL_USUAL
from breakeven.views.capacity import show as show_capacity
from breakeven.views.workload import show as show_workload
from breakeven.views.workload.program import source_ids
from breakeven.views.workload.show import breakdowns as show_breakdowns
from breakeven.views.workload.show import columns as show_columns
from breakeven.views.workload.show import names as show_names

# 1. Input
not_named = uploads.notice_link()
scenario, warnings = open_scenario()
more = open_fields(FIELDS, USUAL)[1]
floor_more = open_fields(BILL, BILL_USUAL)[1]
told, heading = st.container(), st.container()
drop, other = st.columns([3, 2], vertical_alignment="bottom")
with drop:
    files = st.file_uploader(
        "Your usage files: an export, logs or a sheet, kept in this session only",
        accept_multiple_files=True,
        key="workload_files",
        on_change=uploads.forget_all,
        max_upload_size=uploads.most_mb(),
    )
titles = uploads.sample_titles()
sample = next(iter(titles))
if uploads.shows_own(files):
    other.button(
        "Price a sample instead",
        key="workload_to_sample",
        on_click=uploads.forget_all,
        disabled=bool(files),
        help="Remove the file first." if files else None,
    )
else:
    sample = other.selectbox(
        "or a sample",
        list(titles),
        format_func=lambda file: titles[file].partition(": ")[0],
        key="workload_sample",
        on_change=uploads.forget_all,
    )
columns = uploads.corrected()
recognised, answered, line = st.container(), st.container(), st.container()
tables, money = tables_on(scenario.as_of), money_of(scenario)
with line:
    bar(
        "bill",
        [
            (
                "At prices of",
                str(scenario.as_of),
                "Day and money",
                lambda: inputs.money_inputs(tables, money),
            ),
            ("at", "any API", "Model and API", lambda: inputs.model_inputs(tables, money)),
            ("or on", "GPUs", "GPUs", lambda: inputs.gpu_inputs(tables, money)),
            ("and wait", *inputs.wait_part(scenario, tables, money)),
            ("to start;", "capacity", "capacity", show_capacity.inputs),
        ],
    )
scenario = scenario_of_widgets()
options = fields_of_widgets(FIELDS, USUAL)
money = money_of(scenario)
read = uploads.read_any(files, sample, columns)
bill = fields_of_widgets(BILL, BILL_USUAL)
page = FIELDS.write(options) | BILL.write(bill) | uploads.link_fields(read, columns)
save_scenario(scenario, **page)

# 2. Answer
with told:
    blocks.link_warnings([*warnings, *more, *floor_more, *not_named])
with heading:
    blocks.header("What would this usage cost elsewhere?", link_to(scenario, **page))
    inputs.note_on_money(money)
if read.workload is None:
    st.error(blocks.plain(read.reason or ""), icon=":material/block:")
    if columns:
        st.button(
            "Read the columns as the file names them", key="workload_undo", on_click=uploads.forget_columns
        )
    st.stop()
named = uploads.named_models()
found = bills.answered(read, scenario, named, bill.floor)
if isinstance(found, str):
    st.error(blocks.plain(found), icon=":material/block:")
    st.stop()
result, ladder = found.priced, found.ladder
hosting = ladder.ordered(found.hosting)

# 3. Show
with answered:
    show_workload.answer(result, ladder, money)
# What a visitor's own file was taken for stands before its answer; what a sample is, its name says.
with recognised if uploads.shows_own(files) else st.container():
    show_columns.columns(read.workload, columns, live=bool(files))
    show_workload.recognised(read.workload)
    show_workload.problems(read.workload)
    uploads.name_models(show_names.unknown_models(result, named))
show_workload.changes(result, ladder, found.paid, sources(), money)
show_workload.withheld(read.workload)
show_workload.floor_input(result, found.own.problems)
show_workload.offers(result, ladder, money)
show_workload.deployments(hosting, ladder, read.workload, scenario, money)
show_capacity.section(files, sample, columns, read, named, result, hosting, scenario, options, money)
show_breakdowns.breakdowns(read, result, named, money)
show_workload.sources(result, hosting, sources())
cite(source_ids(result, hosting))
