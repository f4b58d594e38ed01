"""A person who comes late reads everything."""

from test_together import Open, expect_text, note, open_note, write  # noqa: F401


def test_a_late_joiner_reads_everything(note: str, open_note: Open) -> None:  # noqa: F811
    ada, grace = open_note(note), open_note(note)
    write(ada, "Before you came")
    expect_text(grace, "Before you came")  # so the server has it
    alan = open_note(note)
    expect_text(alan, "Before you came")
