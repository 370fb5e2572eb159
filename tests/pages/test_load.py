"""The load on the pages: a second, a month or once; the slider beside the map; jobs by one click."""

from tests.builders import headline, open_page


def open_home(**link: str):
    return open_page("compare", {"box_Load": True}, **link)


def test_slider_beside_the_map_moves_the_load_of_the_question_itself() -> None:
    app = open_home()
    assert "$1,440 a month" in headline(app)  # 1 request/s x 4,016 tokens at novita's price
    app.select_slider(key="load_slider").set_value(0.1).run()
    assert not app.exception
    assert app.query_params["requests"] == "0.1"
    assert "$144 a month" in headline(app)
    app.number_input(key="q_requests").set_value(3.0).run()
    assert app.select_slider(key="load_slider").value == 3.0


def test_a_job_is_asked_for_with_its_time_and_is_billed_as_one() -> None:
    app = open_home()
    assert not [one for one in app.number_input if one.key == "q_finish_hours"]
    app.segmented_control(key="q_per").set_value("once").run()
    assert not app.exception
    assert app.number_input(key="q_finish_hours").value == 24
    assert "for the job" in headline(app)
    assert app.query_params["per"] == "once"


def test_shrotts_project_is_one_click_and_the_link_repeats_it() -> None:
    app = open_home(per="once")
    app.button(key="job_Shrott's 4 million prompts_button").click().run()
    assert not app.exception
    assert app.query_params["requests"] == "4000000"
    assert app.query_params["ttft"] == "none"
    said = headline(app)
    assert "for the job" in said
    again = open_home(**dict(app.query_params))
    assert headline(again) == said


def test_tuned_models_load_is_asked_for_where_tuning_is_held_against_prompting() -> None:
    app = open_page("train", train_goal="tune-or-prompt", per="once")
    assert "as one job" in " ".join(block.value for block in app.markdown)
    app.segmented_control(key="q_per").set_value("month").run()
    assert not app.exception
    assert app.number_input(key="q_requests").value == 1.0
