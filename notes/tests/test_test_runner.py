"""`manage.py test`, the first command that people who know Django try."""

import pytest
from django.core.management import CommandError, call_command

from notes.tests.test_settings import manage
from realtime_notes import test_runner


def test_manage_py_test_runs_the_tests() -> None:
    result = manage("test", "channels_yjs.tests.test_health")
    assert result.returncode == 0, result.stderr
    assert " passed in " in result.stdout


def test_without_pytest_manage_py_test_says_how_to_run_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_runner, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match="pip install nox && nox -s test"):
        call_command("test")
