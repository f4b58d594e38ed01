"""What somebody types who begins in the middle, with the project of a chapter: what the chapters up to it have
installed. Their pages are the only source."""

import re
from typing import NamedTuple

from .steps import load_steps, read

TYPED = re.compile(r'^ *``` \{ \.sh data-kind="(?:run|skip)"[^}\n]*\}\n(.*?)^ *```$', re.MULTILINE | re.DOTALL)
INSTALLS = ("python3 -m venv", ". .venv/", "pip install ", "playwright install ")
PACKAGE = "nox -s package"
MIGRATE = "python manage.py migrate"


class Beginning(NamedTuple):
    """Commands to be typed, in their order."""

    in_the_kit: list[str]
    in_the_project: list[str]


def beginning_after(chapter: int) -> Beginning:
    pages = "\n".join(read(step.page) for step in load_steps()[:chapter])
    typed = dict.fromkeys(line.strip() for block in TYPED.findall(pages) for line in block.splitlines())
    installs = [line for line in typed if line.startswith(INSTALLS)]
    return Beginning([line for line in typed if line == PACKAGE], [*installs, MIGRATE])
