"""How tests are run: `manage.py test`, the first command that people who know Django try, and pytest."""

import tomllib

import pytest
from django.core.management import CommandError, call_command

from notes.tests.test_settings import PROJECT, manage
from realtime_notes import test_runner


def test_manage_py_test_runs_the_tests() -> None:
    result = manage("test", "notes.tests.test_sockets")
    assert result.returncode == 0, result.stderr
    assert " passed in " in result.stdout


def test_without_pytest_manage_py_test_says_how_to_run_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_runner, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match="pip install nox && nox -s test"):
        call_command("test")


def test_the_engines_tests_are_run_like_the_apps() -> None:
    app = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["pytest"]
    engine = tomllib.loads((PROJECT / "channels_yjs" / "tests" / "pytest.toml").read_text())["pytest"]
    differing = {name for name in app.keys() | engine.keys() if app.get(name) != engine.get(name)}
    assert differing == {"DJANGO_SETTINGS_MODULE", "testpaths"}
