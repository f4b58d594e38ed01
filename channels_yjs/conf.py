"""The engine's settings. Each has a default, and carries the prefix YJS_ in a project's settings.

Each is looked up once, since Django takes microseconds to say that a project has not set one, and three are needed
for each keystroke; and again after Django's `override_settings`.
"""

from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

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


_known: dict[str, Any] = {}


def setting(name: str) -> Any:
    if name not in _known:
        _known[name] = getattr(settings, PREFIX + name, DEFAULTS[name])
    return _known[name]


def forget(*, setting: str, **kwargs: Any) -> None:
    _known.pop(setting.removeprefix(PREFIX), None)


setting_changed.connect(forget)
