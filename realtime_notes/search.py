"""Finding words in any case, alike on each database and in each script.

`icontains` lets the database decide which letters have an upper case: SQLite knows the ASCII ones, PostgreSQL those
of its locale, which may be the same few. So Python lists the forms of each character, and the database only compares
characters, with a regular expression: PostgreSQL and Python read it alike, and SQLite asks Python.
"""

import re
from collections import defaultdict
from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, TextField
from django.db.models.lookups import Regex
from django.db.models.sql.compiler import SQLCompiler

LETTERS = range(0x20000)  # beyond them no character has an upper and a lower case


@CharField.register_lookup
@TextField.register_lookup
class InAnyCase(Lookup):
    """`text__in_any_case="übung"` also finds “Übung”."""

    lookup_name = "in_any_case"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        pattern = "".join(f"(?:{'|'.join(map(re.escape, cases_of(character)))})" for character in str(self.rhs))
        return compiler.compile(Regex(self.lhs, pattern))


def cases_of(character: str) -> list[str]:
    folded = character.casefold()  # “ß” becomes “ss”, and each of the three forms of sigma the same one
    return sorted({character, folded, folded.upper(), *by_folded().get(folded, [])})


@cache
def by_folded() -> dict[str, list[str]]:
    """The characters that change when their case is folded, by what they become."""
    found = defaultdict(list)
    for character in map(chr, LETTERS):
        if character.casefold() != character:
            found[character.casefold()].append(character)
    return dict(found)
