"""How large the chapters are: the lines that a reader types, and those that are handed over.

Only Python, JavaScript and HTML are counted. A line that is changed counts as a new one.
"""

from pathlib import Path

from .steps import Change, changes, listings, load_steps, typed_changes

COUNTED = {".py", ".js", ".html"}


def typed(number: int) -> int:
    """The lines that the reader of a chapter adds or changes by hand."""
    return sum(map(added, typed_changes(number)))


def handed_over(number: int) -> int:
    return sum(map(added, changes(number))) - typed(number)


def removed(number: int) -> int:
    return sum(added(Change(change.path, change.after, change.before)) for change in changes(number))


def added(change: Change) -> int:
    if Path(change.path).suffix not in COUNTED:
        return 0
    return sum(map(len, change.new_lines))


def render_sizes() -> str:
    """A table for the instructors' page, one row for each chapter and one for all of them."""
    rows = [
        (step.number, typed(step.number), removed(step.number), handed_over(step.number), len(listings(step.number)))
        for step in load_steps()
    ]
    head = "| chapter | lines typed | lines removed | lines taken | listings typed |\n| --- | --- | --- | --- | --- |"
    total = ["all", *(sum(row[column] for row in rows) for column in range(1, 5))]
    return "\n".join([head, *(f"| {' | '.join(map(str, row))} |" for row in [*rows, total])]) + "\n"
