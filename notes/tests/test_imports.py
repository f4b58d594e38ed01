"""Who may know whom: the app and what serves to build it know no tests, and nothing goes round in a circle."""

from collections.abc import Iterator

import pytest

from channels_yjs.tests.imports import REPOSITORY, imported

NOT_FOR = {
    "realtime_notes": {"tools", "tutorial", "e2e", "bench", "fuzz"},
    "notes": {"tools", "tutorial", "e2e", "bench", "fuzz"},
    "tools": {"notes", "tutorial", "e2e", "bench", "fuzz"},
    "tutorial": {"notes", "e2e", "bench", "fuzz"},
    "bench": {"tutorial", "e2e", "fuzz"},
    "fuzz": {"tutorial", "e2e", "bench"},
    "e2e": {"bench", "fuzz"},
}


def imports(folder: str) -> Iterator[tuple[str, str]]:
    """Each module of ours that is no test, and the top of each name that it imports."""
    for path in sorted((REPOSITORY / folder).rglob("*.py")):
        where = path.relative_to(REPOSITORY)
        if not {"tests", "steps", "exercises"} & set(where.parts):
            yield from ((str(where), name.partition(".")[0]) for name in imported(path))


@pytest.mark.parametrize("folder", NOT_FOR)
def test_what_may_know_what(folder: str) -> None:
    found = list(imports(folder))
    assert found
    assert [(where, name) for where, name in found if name in NOT_FOR[folder]] == []
