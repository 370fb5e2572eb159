"""How the app's own elements are taken from a page."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from breakeven.static.html import Writer
from breakeven.static.pieces import Piece
from breakeven.static.read import PageFailed, _children


def page_of(script: Callable[[], None]) -> Piece:
    app = AppTest.from_function(script).run()
    assert not app.exception
    return Piece(kind="page", children=_children(app.main, {}))


def test_links_settings_and_boxes_are_written_and_buttons_are_not() -> None:
    def script() -> None:
        import streamlit as st

        st.link_button("See it", "./deploy?v=1")
        st.button("Press")
        st.selectbox("Kind", ["a", "b"], index=1)
        with st.expander("Why"):
            st.markdown("**Because** it is `so`")
        st.columns(2)[1].caption("small")

    page = page_of(script)
    assert [one.kind for one in page.children] == ["link", "setting", "box", "columns"]
    text = Writer(lambda link: f"seen:{link}").page(page)
    assert '<a href="seen:./deploy?v=1">See it</a>' in text
    assert "Kind: <strong>b</strong>" in text
    assert "<summary>Why</summary>" in text
    assert "Press" not in text


def test_an_element_that_the_site_has_no_form_for_is_not_quietly_left_out() -> None:
    def script() -> None:
        import streamlit as st

        st.json({"a": 1})

    with pytest.raises(PageFailed, match="type json"):
        page_of(script)
