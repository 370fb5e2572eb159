"""Logic of the capacity section: closed at first, replayed when opened, withheld with a reason."""

from streamlit.testing.v1 import AppTest

from tests.builders import open_page, texts


def run(*, sample: str = "shape_conv.csv.gz", opened: bool = True, **link: str) -> AppTest:
    """Open the workload page on a sample."""
    state = {"workload_sample": sample, "capacity_box": opened, "box_capacity": True}
    return open_page("workload", state, **link)


def test_nothing_is_replayed_while_the_section_is_closed() -> None:
    app = run(opened=False)
    assert "capacity_done" not in app.session_state
    assert "percentile" not in " ".join(heading.value for heading in (*app.header, *app.subheader))


def test_open_section_answers_first_and_then_proves_it() -> None:
    app = run(v="1", gpu="h100-sxm", gpus="2", as_of="2026-11-21")
    assert "of 2×H100 SXM5 80GB hold" in app.subheader[0].value.replace("\\", "")
    said = texts(app)
    assert "For the 5.34 min of the file: a fixed fleet $" in said
    assert "One replica more:" in said
    assert "How it is computed" in said


def test_a_widget_of_the_section_reaches_the_answer_and_the_link() -> None:
    app = run(v="1", gpu="h100-sxm", gpus="2", as_of="2026-11-21", plan_percent="90")
    assert app.number_input(key="plan_percent").value == 90
    assert "at the 90th percentile" in texts(app)
    app.number_input(key="plan_percent").set_value(99.0).run()
    assert not app.exception
    assert "at the 99th percentile" in texts(app)
    assert app.query_params["plan_percent"] in ("99", ["99"])


def test_a_fault_in_the_plans_part_of_a_link_is_one_sentence() -> None:
    app = run(v="1", plan_percent="101", opened=False)
    assert [w.value for w in app.warning if "percent must lie between" in w.value.replace("\\", "")]


def test_a_file_without_times_is_withheld_with_the_reason() -> None:
    assert "Capacity is withheld: the file has no times" in texts(run(sample="by_hand.csv"))


def test_a_file_of_sums_gets_the_fluid_estimate() -> None:
    app = run(sample="completions_usage_openai.csv", v="1", gpu="h100-sxm", gpus="2", as_of="2026-11-21")
    said = texts(app)
    assert "by the sums alone" in said
    assert "bursts inside a row cannot be seen" in said


def test_a_deployment_that_cannot_be_placed_says_why() -> None:
    app = run(v="1", gpu="h100-sxm", gpus="1", precision="fp16", as_of="2026-11-21")
    assert "at least 2 × NVIDIA H100" in texts(app)


def test_a_stopped_replay_says_so_and_can_be_started_again() -> None:
    app = run(v="1", gpu="h100-sxm", gpus="2", as_of="2026-11-21", opened=False)
    app.session_state["capacity_box"] = True
    app.session_state["capacity_stopped"] = True
    app.run()
    assert "The replay was stopped" in texts(app)
    app.button(key="capacity_again_button").click().run()
    assert "of 2×H100 SXM5 80GB hold" in texts(app)
