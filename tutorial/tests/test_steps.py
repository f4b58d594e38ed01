"""What the steps are: each file where it belongs, and in the end the app."""

import runpy
from pathlib import Path

import pytest

from tutorial.pictures import check_pictures
from tutorial.sizes import handed_over, removed, typed
from tutorial.steps import (
    REPOSITORY,
    SHIPPED,
    Change,
    Listing,
    Step,
    TutorialError,
    changes,
    files_below,
    listings,
    load_step,
    load_steps,
    project,
    write_project,
)

CHAPTERS = range(1, 14)


def test_there_are_twelve_chapters_and_an_excursion_and_each_has_its_page() -> None:
    assert [step.number for step in load_steps()] == list(CHAPTERS)
    for step in load_steps():
        assert step.page.read_text(encoding="utf-8").startswith(f"# {step.number}. ")


def test_the_twelfth_chapter_is_the_shipped_app() -> None:
    """Byte for byte: nothing is missing, and nothing is added but the tests that readers write."""
    folders = [REPOSITORY / name for name in ("notes", "realtime_notes", "templates")]
    files = [REPOSITORY / "manage.py", *(path for folder in folders for path in files_below(folder))]
    shipped = {path.relative_to(REPOSITORY).as_posix(): path.read_bytes() for path in files}
    wanted = {path: content for path, content in shipped.items() if not path.startswith("notes/tests/")}
    last = {path: source.read_bytes() for path, source in project(SHIPPED).items()}
    assert [path for path in last.keys() ^ wanted.keys() if not path.startswith("e2e/together/")] == []
    assert [path for path in wanted if last[path] != wanted[path]] == []


def test_what_readers_write_in_the_fifth_chapter_stays_as_it_is() -> None:
    """So it is run on a server of the kit's own for the fifth chapter only."""
    tests = [project(chapter)["e2e/together/test_together.py"] for chapter in CHAPTERS if chapter >= 5]
    assert len({file.read_bytes() for file in tests}) == 1


def make_step(folder: Path, toml: str, files: dict[str, str]) -> Step:
    for path, text in {"step.toml": toml, **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return load_step(1, folder)


def test_a_file_may_be_built_up_in_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial.steps.STEPS", tmp_path)
    make_step(tmp_path / "01-staged", "", {"1/a.py": "1\n", "2/a.py": "1\n2\n", "a.py": "1\n2\n3\n", "b.py": "b\n"})
    assert listings(1) == [
        Listing("01-staged/1/a.py", Change("a.py", None, "1\n")),
        Listing("01-staged/2/a.py", Change("a.py", "1\n", "1\n2\n")),
        Listing("01-staged/a.py", Change("a.py", "1\n2\n", "1\n2\n3\n")),
        Listing("01-staged/b.py", Change("b.py", None, "b\n")),
    ]
    assert sorted(project(1)) == ["a.py", "b.py"]


def test_a_file_that_is_handed_over_is_not_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial.steps.STEPS", tmp_path)
    make_step(tmp_path / "01-taken", '[taken]\n"a.py" = "Does much."', {"a.py": "1\n2\n", "b.py": "b\n"})
    assert [listing.name for listing in listings(1)] == ["01-taken/b.py"]
    assert (typed(1), handed_over(1), removed(1)) == (1, 2, 0)
    wrong = make_step(tmp_path / "01-wrong", '[taken]\n"c.py" = "Is not there."', {})
    with pytest.raises(TutorialError, match=r"calls files taken that the step does not have: \['c\.py'\]"):
        _ = wrong.files


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_changes_what_its_step_holds_and_nothing_else(chapter: int) -> None:
    step = load_steps()[chapter - 1]
    assert {change.path for change in changes(chapter)} == step.files.keys() | set(step.removed)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_files_can_be_typed(chapter: int) -> None:
    """They end with one line break, have no tabs and no spaces at the ends of lines."""
    for path, source in load_steps()[chapter - 1].files.items():
        text = source.read_bytes().decode()
        if text:
            assert text.endswith("\n"), path
            assert not text.endswith("\n\n"), path
        assert not any(line != line.rstrip() or "\t" in line for line in text.split("\n")), path
        assert source.stat().st_mode & 0o777 == 0o644, path


def test_no_picture_is_missing_or_stale() -> None:
    check_pictures()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_project_keeps_its_database_in_its_folder_whatever_that_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chapter: int
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    folder = tmp_path / "c++ #1, a%20b, why?"
    write_project(chapter, folder)
    settings = runpy.run_path(str(folder / "realtime_notes" / "settings.py"))
    assert Path(settings["DATABASES"]["default"]["NAME"]) == folder / "db.sqlite3"
