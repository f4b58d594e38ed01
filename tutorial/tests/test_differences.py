"""Of two files the lines are shown whose difference may be the reason, and none in which only the form differs."""

from pathlib import Path

import pytest

from tutorial.checking.differences import Difference, compare, find_differences
from tutorial.steps import project, read, write_project

SETTINGS, CONSUMERS = "realtime_notes/settings.py", "notes/consumers.py"
THEIRS = '''"""A module."""

SIZES = {"small": 1, "large": 2}


def tell(message):
    # Everybody hears it.
    send(message, size="large")
    print(message)
'''
SAME = [
    THEIRS.replace('"""A module."""\n\n', ""),
    THEIRS.replace("\n\n\n", "\n"),
    THEIRS.replace("    # Everybody hears it.\n", '    """My own words."""\n'),
    THEIRS.replace('"small": 1, "large": 2', '\n    "small": 1,  # of one\n    "large": 2,\n'),
    THEIRS.replace('send(message, size="large")', "send(\n      message,\n          size='large'\n    )"),
    THEIRS.replace("    ", "  "),
]


@pytest.mark.parametrize("yours", SAME)
def test_what_differs_only_in_its_form(yours: str) -> None:
    assert list(compare("notes/tell.py", yours, THEIRS)) == []


def test_a_slip_is_shown_beside_what_it_should_be() -> None:
    yours = THEIRS.replace('"large": 2', '"larger": 2')
    right, wrong = 'SIZES = {"small": 1, "large": 2}', 'SIZES = {"small": 1, "larger": 2}'
    assert list(compare("notes/tell.py", yours, THEIRS)) == [Difference("notes/tell.py", 3, wrong, right)]


def test_of_a_wrapped_statement_the_one_line_is_shown() -> None:
    path, theirs = SETTINGS, read(project(2)[SETTINGS])
    [missing] = compare(path, theirs.replace('    "daphne",', '    # "daphne",'), theirs)
    assert (missing.yours, missing.theirs) == (None, '"daphne",')


def test_indentation_counts_where_it_means_something() -> None:
    yours = THEIRS.replace("    print(message)", "print(message)")
    assert list(compare("notes/tell.py", yours, THEIRS)) == [
        Difference("notes/tell.py", 9, "print(message)", "    print(message)")
    ]


def test_a_file_that_python_cannot_read() -> None:
    yours = THEIRS.replace('"large": 2}', '"large": 2')
    [difference] = compare("notes/tell.py", yours, THEIRS)
    assert difference.yours == 'SIZES = {"small": 1, "large": 2'


def test_other_languages_are_compared_line_by_line() -> None:
    theirs = '// Sends it.\nif (live) {\n  send("x") // at once\n}\n'
    assert list(compare("note.js", "if (live) {\n\n      send('x');\n}\n", theirs)) == []
    assert list(compare("note.js", "if (live) {\n      sent('x');\n}\n", theirs)) == [
        Difference("note.js", 2, "sent('x');", 'send("x")')
    ]


def test_the_failing_chapters_files_come_before_older_ones(tmp_path: Path) -> None:
    write_project(4, tmp_path)
    assert find_differences(tmp_path, 4, failing=4) == []
    spoil(tmp_path / CONSUMERS, '"note.changed"', '"note.change"')
    assert {one.path for one in find_differences(tmp_path, 4, failing=4)} == {CONSUMERS}
    spoil(tmp_path / SETTINGS, 'env.str("REDIS_URL"', 'env.str("REDIS"')
    [difference] = find_differences(tmp_path, 4, failing=4)
    assert difference.yours == 'REDIS_URL = env.str("REDIS", default="")'
    assert difference.theirs == 'REDIS_URL = env.str("REDIS_URL", default="")'


def test_what_the_next_chapter_has_is_no_difference(tmp_path: Path) -> None:
    write_project(2, tmp_path)
    for path in (SETTINGS, CONSUMERS):
        (tmp_path / path).write_bytes(project(3)[path].read_bytes())
    assert find_differences(tmp_path, 2, failing=2) == []


def test_a_slip_comes_before_what_is_still_to_be_typed(tmp_path: Path) -> None:
    """In the middle of chapter 7 half of it is there, and half of chapter 6."""
    write_project(6, tmp_path)
    after = read(project(7)[CONSUMERS]).splitlines()
    (tmp_path / CONSUMERS).write_text("\n".join(after[: len(after) * 2 // 3]))
    spoil(tmp_path / CONSUMERS, "group_add(self.group, self.channel_name)", "group_add(self.group)")
    found = find_differences(tmp_path, 6, failing=6)
    assert found[0].yours == "await self.channel_layer.group_add(self.group)"
    assert [one for one in found if one.yours and not one.is_under_way] == found[:1]
    assert sum(one.is_under_way for one in found) > 3


def test_a_missing_file_is_one_difference(tmp_path: Path) -> None:
    write_project(2, tmp_path)
    (tmp_path / CONSUMERS).unlink()
    assert find_differences(tmp_path, 2, failing=2) == [Difference(CONSUMERS, 0, None, None)]


def spoil(file: Path, right: str, wrong: str) -> None:
    text = file.read_text()
    assert right in text
    file.write_text(text.replace(right, wrong))
