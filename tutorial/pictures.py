"""The pictures of the chapters, and an account of what each was taken from, so that a stale one is noticed."""

import hashlib
import json
from pathlib import Path

from .steps import PAGES, REPOSITORY, Step, TutorialError, load_steps, project

PICTURES = PAGES / "images"
ACCOUNT = PICTURES / "taken-of.json"
SCENES = REPOSITORY / "e2e" / "test_tutorial_pictures.py"
SEEN = ("templates/", "notes/static/")  # what of a project is seen in a browser
SCHEMES = ("light", "dark")


def picture(step: Step, scheme: str) -> Path:
    return PICTURES / f"{step.name[:2]}-{scheme}.png"


def digest(chapter: int) -> str:
    """Of all that a chapter's picture depends on."""
    seen = [source for path, source in project(chapter).items() if path.startswith(SEEN)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in [SCENES, *seen])).hexdigest()


def keep_account(chapter: int) -> None:
    account = read_account() | {str(chapter): digest(chapter)}
    ACCOUNT.write_text(json.dumps(dict(sorted(account.items(), key=lambda item: int(item[0]))), indent=2) + "\n")


def check_pictures() -> None:
    """Raises TutorialError if a picture is missing, or shows what is not so any more."""
    account = read_account()
    for step in load_steps():
        for scheme in SCHEMES:
            path = picture(step, scheme)
            if not path.exists():
                raise TutorialError(f"The picture {path.name} is missing. Take it with: nox -s pictures")
            if path.name not in step.page.read_text(encoding="utf-8"):
                raise TutorialError(f"docs/tutorial/{step.page.name} does not show {path.name}.")
        if account.get(str(step.number)) != digest(step.number):
            raise TutorialError(f"The pictures of {step.name} are stale. Take them anew with: nox -s pictures")


def read_account() -> dict[str, str]:
    return dict(json.loads(ACCOUNT.read_text())) if ACCOUNT.exists() else {}
