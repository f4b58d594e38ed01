"""What is in the distribution, and that its types fit a project's own script."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from e2e.examples.minutes_server import EXAMPLE
from tools.app_server import REPOSITORY

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]

STATIC = "channels_yjs/static/channels_yjs"
MISFITS = re.compile(r"error TS(2305|2307|2339|2554|2724):")  # what does not exist; a form is also an HTMLElement
TSC = REPOSITORY / "node_modules" / "typescript" / "bin" / "tsc"


@pytest.fixture(scope="module")
def wheel() -> Path:
    return max((REPOSITORY / "dist").glob("channels_yjs-*.whl"), key=lambda path: path.stat().st_mtime)


def test_the_wheel_has_all_that_a_project_needs_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [path] = [name for name in names if name.endswith("/METADATA")]
        metadata = archive.read(path).decode()
    scripts = [path.stem for path in (REPOSITORY / STATIC / "js").glob("*.js")]
    built = [path for path in (REPOSITORY / STATIC / "vendor").rglob("*") if path.is_file()]
    wanted = [f"{STATIC}/js/{name}.js" for name in scripts] + [f"{STATIC}/types/{name}.d.ts" for name in scripts]
    wanted += [path.relative_to(REPOSITORY).as_posix() for path in built if path.name != "built"]
    assert not set(wanted) - names
    assert {Path(name).name for name in names} >= {"LICENSE", "LICENSES.txt", "py.typed", "0001_initial.py"}
    assert not [name for name in names if re.search(r"/(tests|libraries|node_modules)/|notes", name)]
    for line in ("Name: channels-yjs", "License-Expression: MIT", "Classifier: Framework :: Django :: 5.2"):
        assert f"\n{line}\n" in metadata
    assert (REPOSITORY / "channels_yjs" / "README.md").read_text() in metadata


@pytest.mark.parametrize("mistake", ["", "openDocuments"])
def test_the_types_of_the_wheel_fit_a_projects_script(wheel: Path, tmp_path: Path, mistake: str) -> None:
    """With the paths that the packaged README gives. With a mistake in the script, they find it."""
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = (EXAMPLE / "minutes" / "static" / "minutes" / "meeting.js").read_text()
    (tmp_path / "meeting.js").write_text(script.replace("openDocument", mistake) if mistake else script)
    modules = REPOSITORY / "node_modules"
    paths = {
        "channels-yjs": [f"./{STATIC}/types/index.d.ts"],
        "channels-yjs/*": [f"./{STATIC}/types/*"],
        "*": [f"{modules}/*", f"{modules}/@types/*"],
    }
    options = {"allowJs": True, "checkJs": True, "noEmit": True, "target": "es2022", "module": "esnext"}
    options |= {"moduleResolution": "bundler", "strict": False, "skipLibCheck": True, "types": [], "paths": paths}
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["*.js"]}))
    node = shutil.which("node")
    assert node
    ended = subprocess.run(
        [node, TSC, "--project", tmp_path], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert bool(MISFITS.search(ended.stdout)) == bool(mistake), ended.stdout
