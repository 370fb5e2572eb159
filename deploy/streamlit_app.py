"""The dashboard where only ``streamlit run`` is offered, with what our server adds."""

import streamlit as st

from breakeven.cli.answers import answer_of
from breakeven.dashboard.server import parts

app = st.App(**parts(answers=answer_of))
