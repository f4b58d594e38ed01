import os
import sys
from pathlib import Path

import pytest

from tools.app_server import REPOSITORY
from tutorial.robot import Robot, versions
from tutorial.site import build_site

HOW_TO = "how-to/use-it-in-your-project.html"


@pytest.fixture(scope="session")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was made by following the page, in an empty folder beside the kit's wheel."""
    around = tmp_path_factory.mktemp("followed")
    folder = around / "my-minutes"
    folder.mkdir()
    (around / "realtime-notes").mkdir()
    (around / "realtime-notes" / "dist").symlink_to(REPOSITORY / "dist")
    (around / "bin").mkdir()
    (around / "bin" / "python3").symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    (around / "constraints.txt").write_text(versions(REPOSITORY / "examples" / "minutes" / "requirements.txt"))
    environment = {
        "PATH": os.pathsep.join([str(around / "bin"), os.environ["PATH"]]),
        "PIP_CONSTRAINT": str(around / "constraints.txt"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    with Robot(folder, environment) as robot:
        robot.follow(build_site(around / "site").parent / HOW_TO)
    return folder
