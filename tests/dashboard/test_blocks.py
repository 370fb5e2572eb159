"""Text that somebody else wrote, through the rules by which it is read."""

import html
import re

import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from breakeven.dashboard.blocks import plain, separated

MARKS = [
    *("1. ", "2) ", "- ", "+ ", "* ", "# ", "> ", "    ", "\t", "\n", "\r\n", "\n\n", "  \n", "===", "---"),
    *("```", "**", "__", "_", "`", "~~", "~", "$", "[", "]", "(", ")", "!", "|", "\\", "<b>", "</b>", "<!--"),
    *("&lt;", "&copy;", "&#42;", "https://zq.example", "www.zq.example", "me@zq.example", "-@zq.example"),
    *("[x]: /y", "[^1]: ", ":red[", ":smile:", ":material/home:", ":streamlit:", "- [ ] "),
    *("email:a@zq.example", ":sunglasses"),
    *("->", "<-", "<->", "--", ">=", "<=", "~=", "a", "zq", " ", "1", ".", ":", "=", "é", "@"),
]
"""What Markdown, GitHub's and Streamlit's, makes something of."""
TEXTS = st.lists(st.sampled_from(MARKS), max_size=8).map(lambda parts: "".join([*parts, "z"]))
_READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def bare(text: str) -> str:
    """A text without what nobody sees and without its spaces."""
    return re.sub(r"[\s\u2060]+", "", text)


@given(TEXTS)
@example("1. first")
@example("title\n===")
@example("    code")
@example("&lt;b&gt;")
def test_what_somebody_wrote_is_one_paragraph_that_reads_as_it_was_written(text):
    made = _READER.render(plain(text))
    assert re.findall(r"<[^>]*>", made) == ["<p>", "</p>"], made
    assert bare(html.unescape(made[3:-5])) == bare(text)


def test_large_numbers_are_read_with_separated_thousands():
    frame = pd.DataFrame({"Name": ["a"], "USD": [1040.5], "Share": [37.7]})
    assert {name: column["type_config"]["format"] for name, column in separated(frame).items()} == {
        "USD": "localized"
    }
