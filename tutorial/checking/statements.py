"""A file as a list of statements, so that two files can be compared by what they say.

Blank lines, comments and docstrings are no statements. The kind of quotes, commas at a line's end, and how a
statement is wrapped and indented within its brackets make no difference. In other languages than Python each line is
a statement.
"""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

COMMENT = re.compile(r"^(//|/\*|\*/|\* |<!--.*-->$|\{#.*#\}$|#).*|\s//\s.*$|\s+/\*.*\*/$")
COMMA_AT_END = re.compile(r" ,(?= [)\]}])")
DEPTH = {tokenize.INDENT: 1, tokenize.DEDENT: -1}


@dataclass(frozen=True)
class Line:
    number: int
    text: str
    depth: int = 0  # of the blocks that it is in, where Python goes by that

    @property
    def key(self) -> str:
        """What is compared."""
        return f"{self.depth} {normal(self.text)}"


@dataclass
class Statement:
    """What stands or falls together: a statement of Python with all its lines, or one line of another language."""

    key: str
    lines: list[Line]


def read_statements(path: str, *texts: str) -> list[list[Statement]]:
    if path.endswith(".py"):
        try:
            return [list(statements_of_python(text)) for text in texts]
        except (tokenize.TokenError, SyntaxError):
            pass  # Then line by line: what Python cannot read may be the very difference.
    return [lines_as_statements(text) for text in texts]


def lines_as_statements(text: str) -> list[Statement]:
    lines = [Line(number, COMMENT.sub("", line.strip())) for number, line in enumerate(text.splitlines(), 1)]
    return [Statement(line.key, [line]) for line in lines if line.text]


def statements_of_python(text: str) -> Iterator[Statement]:
    source, depth = text.splitlines(), 0
    tokens: list[tokenize.TokenInfo] = []
    for one in tokenize.generate_tokens(io.StringIO(text).readline):
        if one.type == tokenize.COMMENT:
            row, column = one.start
            source[row - 1] = source[row - 1][:column]
        elif one.type == tokenize.NEWLINE:
            if any(part.type != tokenize.STRING for part in tokens):  # or else it is a docstring
                yield statement(tokens, source, depth)
            tokens = []
        elif one.type in DEPTH:
            depth += DEPTH[one.type]
        elif one.type != tokenize.NL:
            tokens.append(one)


def statement(tokens: list[tokenize.TokenInfo], source: list[str], depth: int) -> Statement:
    rows = sorted({row for part in tokens for row in range(part.start[0], part.end[0] + 1)})
    lines = [Line(row, source[row - 1].strip(), depth if row == rows[0] else 0) for row in rows]
    words = normal(" ".join(part.string for part in tokens))
    return Statement(f"{depth} {COMMA_AT_END.sub('', words)}", lines)


def normal(code: str) -> str:
    return code.replace("'", '"').rstrip(",;")
