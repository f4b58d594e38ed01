"""A change of one chapter, carried into a later copy of the same file."""

from pathlib import Path

import pytest

from tutorial.carry import merge
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
    with pytest.raises(TutorialError, match=r"views\.py has a conflict\. Mend it by hand"):
        merge(later, BEFORE, BEFORE.replace(b"one", b"ONE"))
    assert b"<<<<<<< later\nlater\n=======\nONE\n>>>>>>> as it is\n" in later.read_bytes()
