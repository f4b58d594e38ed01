from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning

from .modules import BUILT
from .static_files import are_collected

BUILD_COMMAND = "nox -s vendor, or: npm ci && npm run build"


def are_browser_libraries_built() -> bool:
    return finders.find(BUILT) is not None


@register
def check_browser_libraries(**kwargs: Any) -> list[CheckMessage]:
    if are_browser_libraries_built():
        return []
    return [
        CheckWarning(
            "The browser libraries have not been built, so notes can be read but not written.",
            hint=f"Build them with: {BUILD_COMMAND}",
            id="notes.W001",
        )
    ]


@register(deploy=True)
def check_static_files(**kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG or are_collected():
        return []
    return [
        CheckWarning(
            "The static files have not been collected, or have changed since, so browsers get them uncompressed "
            "and keep them for a minute.",
            hint="Collect them with: python manage.py collectstatic --no-input",
            id="notes.W002",
        )
    ]
