"""What the tests of the tutorial share: the built site, and the project of each chapter."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tutorial.site import build_site
from tutorial.steps import REPOSITORY, write_project

VENDOR = "notes/static/notes/vendor"
FIRST_WITH_VENDOR = 6


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def project_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The project after a chapter, in a folder, with the browser libraries built."""
    made: dict[int, Path] = {}

    def project_of(chapter: int) -> Path:
        if chapter not in made:
            made[chapter] = tmp_path_factory.mktemp(f"project-{chapter}-")
            write_project(chapter, made[chapter])
            if chapter >= FIRST_WITH_VENDOR:
                shutil.copytree(REPOSITORY / VENDOR, made[chapter] / VENDOR)
        return made[chapter]

    return project_of
