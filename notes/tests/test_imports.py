"""Who may know whom: the app and what serves to build it know no tests, and nothing goes round in a circle."""

import ast
from collections.abc import Iterator

import pytest

from tools.app_server import REPOSITORY

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
    """Each module of ours that is no test, and the top of each name that it imports, also within its functions."""
    for path in sorted((REPOSITORY / folder).rglob("*.py")):
        where = path.relative_to(REPOSITORY)
        if not {"tests", "steps", "exercises"} & set(where.parts):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                yield from ((str(where), name.partition(".")[0]) for name in names)


@pytest.mark.parametrize("folder", NOT_FOR)
def test_what_may_know_what(folder: str) -> None:
    found = list(imports(folder))
    assert found
    assert [(where, name) for where, name in found if name in NOT_FOR[folder]] == []
