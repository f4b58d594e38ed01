"""Makes `python manage.py test` run pytest, for which the tests are written, or say how to get it."""

from argparse import ArgumentParser
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.core.management.base import CommandError


class PytestRunner:
    def __init__(self, *, failfast: bool = False, verbosity: int = 1, **options: Any) -> None:
        self._options = ["--exitfirst"] * failfast + ["--verbose"] * (verbosity > 1)

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Adds no options to Django's own. pytest itself has many more."""

    def run_tests(self, test_labels: Sequence[str], **options: Any) -> int:
        """Labels are modules, as in Django (notes.tests.test_rooms), or files. Returns 0 if all tests pass."""
        if not find_spec("pytest_django"):
            raise CommandError(
                "The tests need pytest, which is not installed. Run them with: pip install nox && nox -s test"
            )
        import pytest

        return int(pytest.main([*self._options, "--pyargs", *test_labels]))
