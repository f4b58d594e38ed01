"""The second gate: the tests of a chapter pass on its project, and fail on the one before. So with the exercises:
their tests fail on the project, and pass once it has been solved."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import forked
from tutorial.page import read_blocks
from tutorial.robot import find_missing
from tutorial.steps import CHAPTERS, REPOSITORY, SHIPPED, load_steps, solution

REWRITES = (6,)  # the chapter after which little is as it was
MINUTES = 30
# What a reader writes in chapter 5 is run by the tests of e2e/test_prove_it.py.
LEFT_OUT = ["--ignore", "e2e/faults", "--ignore", "e2e/together"]
# Who types along runs it on the project of chapter 6, too.
READERS_OWN = ["--ignore", "e2e/test_prove_it.py"]


def run_browser_tests(project: Path, *options: str) -> None:
    command = [*forked.PYTEST, "e2e", *LEFT_OUT, "-q", "-p", "no:cacheprovider"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment["COLUMNS"] = "300"  # or pytest's summary leaves out what went wrong
    command += ["--project", str(project), *options]
    code, said = forked.output_of(command, REPOSITORY, environment, 60 * MINUTES)
    assert code == 0, f"On {project.name}, with {options}:\n{said[-8000:]}"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_is_new_passes_and_what_comes_next_fails(
    project_of: Callable[[int], Path], pages: Path, tmp_path: Path, chapter: int
) -> None:
    """On the project after a chapter its tests pass; those of the next chapter fail, in the words that its page
    quotes, and its exercise's. The tests of the shipped app are run with all others of the app."""
    results = tmp_path / "results.json"
    noted = ["-p", "tutorial.results", "--results", str(results)]
    chosen = "xfail" if chapter == SHIPPED else "not app"
    run_browser_tests(project_of(chapter), "--chapter", str(chapter), "--both-ways", "--new", "-m", chosen, *noted)
    said = {result["name"].split("[")[0]: result["message"] for result in json.loads(results.read_text())}
    for step in load_steps()[chapter : chapter + 1]:
        for block in read_blocks(pages / f"{step.name}.html"):
            if block.kind == "red":
                heard = said[block.attributes["data-test"]]
                assert find_missing(block.text.splitlines(), heard) is None, heard


@pytest.mark.parametrize("chapter", REWRITES)
def test_the_tests_of_all_chapters_before_still_pass(project_of: Callable[[int], Path], chapter: int) -> None:
    run_browser_tests(project_of(chapter), "--chapter", str(chapter - 1), *READERS_OWN)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_an_exercise_can_be_solved(project_of: Callable[[int], Path], tmp_path: Path, chapter: int) -> None:
    solved = shutil.copytree(project_of(chapter), tmp_path / "solved")
    for path, source in solution(chapter).items():
        (solved / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, solved / path)
    run_browser_tests(solved, "--exercise", str(chapter))
