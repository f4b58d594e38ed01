"""What is handed over gets into the reader's project, and nothing of theirs is lost."""

from pathlib import Path

import pytest

from tutorial.steps import TutorialError
from tutorial.take import take

FILES = {"01-a": {"a.css": "1\n", "b.css": "b\n"}, "02-b": {"a.css": "2\n"}}
TAKEN = {"01-a": '[taken]\n"a.css" = "A."\n"b.css" = "B."', "02-b": '[taken]\n"a.css" = "A."'}


@pytest.fixture(autouse=True)
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial.steps.STEPS", tmp_path / "steps")
    for name, files in FILES.items():
        (tmp_path / "steps" / name).mkdir(parents=True)
        for path, text in {"step.toml": TAKEN[name], **files}.items():
            (tmp_path / "steps" / name / path).write_text(text)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "my-notes"
    folder.mkdir()
    return folder


def test_files_are_handed_over_and_again_and_by_the_next_chapter(mine: Path) -> None:
    assert take(1, mine) == ["a.css", "b.css"]
    assert take(1, mine) == ["a.css", "b.css"]
    assert take(2, mine) == ["a.css"]
    assert ((mine / "a.css").read_text(), (mine / "b.css").read_text()) == ("2\n", "b\n")


def test_a_file_of_the_readers_own_stops_all(mine: Path) -> None:
    (mine / "b.css").write_text("mine\n")
    with pytest.raises(TutorialError, match=r"not from this tutorial: b\.css\. Rename or delete"):
        take(1, mine)
    assert {path.name: path.read_text() for path in mine.iterdir()} == {"b.css": "mine\n"}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TutorialError, match="Make it first"):
        take(1, tmp_path / "nowhere")
