"""The contents of an update's structs, skipped without being understood.

Source: the `Content*` classes of Yjs 13, `readAny` of lib0. Each function here returns how many clocks its content
takes. Values are skipped, not built, so a check allocates nothing.
"""

from collections.abc import Callable

from .lib0 import ProtocolError, Reader

MAX_NESTING = 64  # levels of JSON-like values; a text has none at all
VALUES = 8
SIMPLE = set(range(119, 128))  # the kinds of texts, numbers, true, false, null and undefined
XML_ELEMENT, XML_HOOK, LAST_TYPE = 3, 5, 6


def _skip_deleted(reader: Reader) -> int:
    return reader.varuint()


def _skip_strings(reader: Reader) -> int:
    count = reader.count(smallest=1)
    for _ in range(count):
        reader.varstring()
    return count


def _skip_binary(reader: Reader) -> int:
    reader.skip_varbytes()
    return 1


def _skip_text(reader: Reader) -> int:
    text = reader.text()
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _skip_embed(reader: Reader) -> int:
    reader.varstring()  # JSON
    return 1


def _skip_format(reader: Reader) -> int:
    reader.varstring()  # key
    reader.varstring()  # value, as JSON
    return 1


def _skip_type(reader: Reader) -> int:
    kind = reader.varuint()
    if kind > LAST_TYPE:
        raise ProtocolError(f"The update has a shared type of unknown kind {kind}.")
    if kind in (XML_ELEMENT, XML_HOOK):
        reader.varstring()
    return 1


def is_simple(reader: Reader) -> bool:
    """Whether the values that come next are one, and neither an array nor an object nor bytes."""
    start = reader.data[reader.at : reader.at + 2]
    return len(start) == 2 and start[0] == 1 and start[1] in SIMPLE


def _skip_values(reader: Reader) -> int:
    count = reader.count(smallest=1)
    for _ in range(count):
        _skip_value(reader, MAX_NESTING)
    return count


def _skip_subdocument(reader: Reader) -> int:
    reader.varstring()  # its id
    _skip_value(reader, MAX_NESTING)  # its options
    return 1


def _skip_value(reader: Reader, depth: int) -> None:
    if depth == 0:
        raise ProtocolError(f"A value in the update is nested deeper than {MAX_NESTING} levels.")
    match reader.byte():
        case 127 | 126 | 121 | 120:  # undefined, null, false, true
            pass
        case 125:  # an integer: like a varuint, with its sign in the first byte
            reader.varuint()
        case 124:  # a 32-bit float
            reader.skip(4)
        case 123 | 122:  # a 64-bit float, a 64-bit integer
            reader.skip(8)
        case 119:
            reader.varstring()
        case 118:  # an object
            for _ in range(reader.count(smallest=2)):
                reader.varstring()
                _skip_value(reader, depth - 1)
        case 117:  # an array
            for _ in range(reader.count(smallest=1)):
                _skip_value(reader, depth - 1)
        case 116:
            reader.skip_varbytes()
        case kind:
            raise ProtocolError(f"The update has a value of unknown kind {kind}.")


CONTENTS: dict[int, Callable[[Reader], int]] = {
    1: _skip_deleted,
    2: _skip_strings,  # JSON
    3: _skip_binary,
    4: _skip_text,
    5: _skip_embed,
    6: _skip_format,
    7: _skip_type,
    VALUES: _skip_values,
    9: _skip_subdocument,
}
PLAIN = {1, 4, 6}  # deleted, text, format: a text editor writes nothing else
