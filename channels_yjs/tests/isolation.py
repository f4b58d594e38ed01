"""What keeps one test from another, for the engine's tests and for those of the app."""

from collections.abc import Iterator

import pytest
from channels.layers import channel_layers
from django.conf import settings as project

from channels_yjs.modules import find_modules_once


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A database of the process's own. In memory, SQLite locks whole tables between threads, so it has a file."""
    database = project.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = tmp_path_factory.mktemp("database") / "test.sqlite3"


@pytest.fixture(autouse=True)
def fresh_channel_layer() -> Iterator[None]:
    """A new channel layer: an old one holds queues of the event loop in which it was used."""
    channel_layers.backends = {}
    yield
    channel_layers.backends = {}


@pytest.fixture
def fresh_modules() -> Iterator[None]:
    """What has been found of the pages' modules is forgotten, before and after: such a test has other files."""
    find_modules_once.cache_clear()
    yield
    find_modules_once.cache_clear()
