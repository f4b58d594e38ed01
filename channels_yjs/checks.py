from typing import Any

from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning

from .modules import BUILT

BUILD_COMMAND = "nox -s vendor, or: npm ci && npm run build"


def are_browser_libraries_built() -> bool:
    return finders.find(BUILT) is not None


@register
def check_browser_libraries(**kwargs: Any) -> list[CheckMessage]:
    if are_browser_libraries_built():
        return []
    return [
        CheckWarning(
            "The browser libraries have not been built, so documents can be read but not written.",
            hint=f"Build them with: {BUILD_COMMAND}",
            id="channels_yjs.W001",
        )
    ]
