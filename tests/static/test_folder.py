import json
from pathlib import Path

import pytest

from breakeven.static import folder
from breakeven.static.folder import LIST, NotOurs

FILES = {"index.html": b"one", "deploy/index.html": b"two"}


def names(where: Path) -> set[str]:
    return {path.relative_to(where).as_posix() for path in where.rglob("*") if path.is_file()}


def test_a_new_folder_holds_the_files_and_their_list(tmp_path: Path) -> None:
    assert folder.write(tmp_path / "a" / "site", FILES) == (
        3,
        (tmp_path / "a/site" / LIST).stat().st_size + 6,
    )
    assert names(tmp_path / "a" / "site") == {*FILES, LIST}
    listed = json.loads((tmp_path / "a" / "site" / LIST).read_text("utf-8"))
    assert listed == {name: folder.digest(data) for name, data in FILES.items()}


def test_an_export_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    folder.write(tmp_path / "site", FILES)
    folder.write(tmp_path / "site", {"index.html": b"new"})
    assert names(tmp_path) == {"site/index.html", f"site/{LIST}"}
    assert (tmp_path / "site" / "index.html").read_bytes() == b"new"


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    folder.write(tmp_path / "site", FILES)
    assert "index.html" in names(tmp_path / "site")


@pytest.mark.parametrize("foreign", ["notes.txt", "deploy/own.html", ".git/config"])
def test_a_folder_with_other_files_is_refused_and_left_as_it_is(tmp_path: Path, foreign: str) -> None:
    folder.write(tmp_path / "site", FILES)
    (tmp_path / "site" / foreign).parent.mkdir(exist_ok=True)
    (tmp_path / "site" / foreign).write_text("mine", "utf-8")
    with pytest.raises(NotOurs, match=foreign):
        folder.write(tmp_path / "site", {"index.html": b"new"})
    assert (tmp_path / "site" / "index.html").read_bytes() == b"one"
    assert (tmp_path / "site" / foreign).read_text("utf-8") == "mine"


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine", "utf-8")
    with pytest.raises(NotOurs, match="is a file"):
        folder.check(tmp_path / "site")


def test_what_fails_on_the_way_leaves_the_old_export(tmp_path: Path) -> None:
    folder.write(tmp_path / "site", FILES)

    def fail(_: Path) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        folder.write(tmp_path / "site", {"index.html": b"new"}, [fail])
    assert names(tmp_path) == {f"site/{name}" for name in (*FILES, LIST)}
    assert (tmp_path / "site" / "index.html").read_bytes() == b"one"


def test_what_others_add_is_listed_and_replaced_too(tmp_path: Path) -> None:
    folder.write(tmp_path / "site", FILES, [lambda made: (made / "live.bin").write_bytes(b"x") and None])
    folder.write(tmp_path / "site", FILES)
    assert names(tmp_path / "site") == {*FILES, LIST}
