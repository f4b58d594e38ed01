"""The engine's settings. Each has a default, and carries the prefix YJS_ in a project's settings.

They are looked up each time, so that Django's `override_settings` works.
"""

from typing import Any

from django.conf import settings

PREFIX = "YJS_"
MEBIBYTE = 1024 * 1024
DEFAULTS = {
    "MAX_FRAME_BYTES": 8 * MEBIBYTE,
    "MAX_DOCUMENT_BYTES": 8 * MEBIBYTE,
    "MAX_QUEUED_BYTES": 4 * MEBIBYTE,
    "MAX_UNSAVED_BYTES": 16 * MEBIBYTE,
    "MAX_FRAMES_PER_SECOND": 1000,
    "MAX_CONNECTIONS": 10_000,
    "MAX_CONNECTIONS_PER_ADDRESS": 1000,
    "MAX_CONNECTS_PER_SECOND": 100,
    "COMPACT_AFTER_UPDATES": 500,
    "CHECK_LOG_SECONDS": 3.0,
    "RECHECK_SECONDS": 60.0,
    "ALLOW_COOKIES_WITHOUT_ORIGIN": False,
}


def setting(name: str) -> Any:
    return getattr(settings, PREFIX + name, DEFAULTS[name])
