"""Every page of the folder opens: it answers a link of the day of the tables, and an empty one."""

import pytest

from tests.builders import ROOT, TODAY, open_page

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("[a-z]*.py"))


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_with_something_to_read(page: str) -> None:
    app = open_page(page, v="1", as_of=TODAY.isoformat())
    assert len(app.main.markdown) + len(app.main.subheader) + len(app.main.info) > 0
    assert not app.error
