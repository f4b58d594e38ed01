"""A change of one chapter, carried into a later copy of the same file."""

import subprocess
from pathlib import Path

import pytest

from tutorial.carry import carry, merge
from tutorial.steps import TutorialError

BEFORE = b"one\ntwo\nthree\nfour\nfive\n"


def test_what_changed_early_is_merged_with_what_changed_late(tmp_path: Path) -> None:
    later = tmp_path / "views.py"
    later.write_bytes(BEFORE + b"six, since a later chapter\n")
    merge(later, BEFORE, BEFORE.replace(b"one", b"ONE"))
    assert later.read_bytes() == b"ONE\ntwo\nthree\nfour\nfive\nsix, since a later chapter\n"


def test_a_conflict_stops_with_the_name_of_the_file_and_marks_in_it(tmp_path: Path) -> None:
    later = tmp_path / "views.py"
    later.write_bytes(BEFORE.replace(b"one", b"later"))
    with pytest.raises(TutorialError, match=r"views\.py has a conflict\. Fix it by hand"):
        merge(later, BEFORE, BEFORE.replace(b"one", b"ONE"))
    assert b"<<<<<<< later\nlater\n=======\nONE\n>>>>>>> as it is\n" in later.read_bytes()


def test_a_change_goes_through_later_stages_and_chapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = {"01-a/1/x.py": "a\n\nb\n", "01-a/x.py": "a\n\nb\n\nc\n", "02-b/x.py": "a\n\nb\n\nc\n\nd\n"}
    for path, text in {**copies, "01-a/step.toml": "", "02-b/step.toml": ""}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for command in ("init -q", "add .", "-c user.name=Ada -c user.email=ada@example.org commit -qm All"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    monkeypatch.setattr("tutorial.steps.STEPS", tmp_path)
    (tmp_path / "01-a/1/x.py").write_text("A\n\nb\n")
    assert carry(1) == [tmp_path / "01-a/x.py", tmp_path / "02-b/x.py"]
    assert {path: (tmp_path / path).read_text() for path in copies} == {
        path: text.replace("a", "A") for path, text in copies.items()
    }
    assert carry(2) == []
