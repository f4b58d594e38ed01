"""The documentation as its readers have it: built, and unchanged while tests look at it."""

import os
import subprocess
import sys
from pathlib import Path

from .steps import REPOSITORY, TutorialError


def build_site(target: Path) -> Path:
    """Builds the site into a folder, with every warning an error, and returns the folder of the tutorial's pages."""
    for command in (["tutorial.listings"], ["mkdocs", "build", "--strict", "--quiet", "--site-dir", str(target)]):
        result = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=REPOSITORY,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise TutorialError(f"The site cannot be built.\n{result.stdout}{result.stderr}")
    return target / "tutorial"
