"""For authors: gives each chapter copies of its own of what it takes from the app, so that the app may change without
the tutorial.

Invariant: the project of every chapter is, before and after, the same byte for byte.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from .steps import Step, load_steps


def freeze() -> list[Path]:
    """Returns the copies that were made."""
    return [copy for step in load_steps() for copy in freeze_step(step)]


def freeze_step(step: Step) -> list[Path]:
    copies = [copy_into(step.folder, path, step.files[path]) for path in step.final]
    write_list(replace(step, final=()))
    return copies


def copy_into(folder: Path, path: str, source: Path) -> Path:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(source, target))


def write_list(step: Step) -> None:
    lists = {"final": step.final, "removed": step.removed}
    written = [f"{name} = {list(paths)}\n".replace("'", '"') for name, paths in lists.items() if paths]
    (step.folder / "step.toml").write_text("".join(written), encoding="utf-8")
