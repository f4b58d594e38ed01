"""The shape of a Yjs update (format version 1), checked without understanding it.

An update is a list of clients with their structs, then a delete set. Everything in it that says "so many
follow" is compared with the bytes that are left before the CRDT library sees it: five hostile bytes make
that library reserve a gigabyte otherwise. Values are skipped, not built, so a check allocates nothing.

Source: `readClientsStructRefs`, `readDeleteSet` and the `Content*` classes of Yjs 13, `readAny` of lib0.
"""

from collections.abc import Callable
from operator import methodcaller

from .lib0 import ProtocolError, Reader

EMPTY_UPDATE = b"\x00\x00"  # no structs, nothing deleted
MAX_NESTING = 64  # of JSON-like values; a note has none at all

CONTENT_MASK = 0b0001_1111
HAS_ORIGIN, HAS_RIGHT_ORIGIN, HAS_PARENT_SUB = 0x80, 0x40, 0x20
GARBAGE, SKIPPED = 0, 10
XML_ELEMENT, XML_HOOK, LAST_TYPE = 3, 5, 6


def check_state_vector(data: bytes) -> None:
    """Raises ProtocolError unless `data` is a whole state vector: pairs of client and clock."""
    reader = Reader(data)
    for _ in range(reader.count(smallest=2)):
        _skip_id(reader)
    reader.finish()


def check_update(data: bytes) -> None:
    """Raises ProtocolError unless `data` is a whole update in format version 1, and nothing more."""
    _walk(Reader(data))


def has_surrogate_pairs(data: bytes) -> bool:
    """Whether any text in an update, deleted or not, has a character beyond U+FFFF, such as an emoji. In UTF-16 these
    are two units long, and a client may have written between the two."""
    reader = _PairReader(data)
    _walk(reader)
    return reader.has_pairs


class _PairReader(Reader):
    __slots__ = ("has_pairs",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.has_pairs = False

    def varstring(self) -> str:
        text = super().varstring()
        self.has_pairs = self.has_pairs or (not text.isascii() and max(text) > "\uffff")
        return text


def _walk(reader: Reader) -> None:
    for _ in range(reader.count(smallest=3)):
        structs = reader.count(smallest=2)
        _skip_id(reader)  # the client, and the clock of its first struct
        for _ in range(structs):
            _skip_struct(reader)
    for _ in range(reader.count(smallest=2)):
        reader.varuint()  # the client whose structs are deleted
        for _ in range(reader.count(smallest=2)):
            _skip_id(reader)  # not an id here, but two numbers as well: clock and length
    reader.finish()


def _skip_struct(reader: Reader) -> None:
    info = reader.byte()
    content = info & CONTENT_MASK
    if content in (GARBAGE, SKIPPED):
        reader.varuint()
        return
    if info & HAS_ORIGIN:
        _skip_id(reader)
    if info & HAS_RIGHT_ORIGIN:
        _skip_id(reader)
    if not info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN):
        _skip_parent(reader)
        if info & HAS_PARENT_SUB:
            reader.varstring()
    skip_content = CONTENTS.get(content)
    if skip_content is None:
        raise ProtocolError(f"There is no content of kind {content} in an update.")
    skip_content(reader)


def _skip_id(reader: Reader) -> None:
    reader.varuint()
    reader.varuint()


def _skip_parent(reader: Reader) -> None:
    if reader.varuint() == 1:
        reader.varstring()  # the name of a root type
    else:
        _skip_id(reader)


def _skip_strings(reader: Reader) -> None:
    for _ in range(reader.count(smallest=1)):
        reader.varstring()


def _skip_format(reader: Reader) -> None:
    reader.varstring()  # key
    reader.varstring()  # value, as JSON


def _skip_type(reader: Reader) -> None:
    kind = reader.varuint()
    if kind > LAST_TYPE:
        raise ProtocolError(f"There is no shared type of kind {kind}.")
    if kind in (XML_ELEMENT, XML_HOOK):
        reader.varstring()


def _skip_values(reader: Reader) -> None:
    for _ in range(reader.count(smallest=1)):
        _skip_value(reader, MAX_NESTING)


def _skip_subdocument(reader: Reader) -> None:
    reader.varstring()  # its id
    _skip_value(reader, MAX_NESTING)  # its options


def _skip_value(reader: Reader, depth: int) -> None:
    if depth == 0:
        raise ProtocolError("A value is nested too deeply.")
    match reader.byte():
        case 127 | 126 | 121 | 120:  # undefined, null, false, true
            pass
        case 125:  # an integer, with its sign in the first byte; as long as a varuint
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
            raise ProtocolError(f"There is no value of kind {kind}.")


CONTENTS: dict[int, Callable[[Reader], object]] = {
    1: Reader.varuint,  # deleted: how many
    2: _skip_strings,  # JSON
    3: Reader.skip_varbytes,  # binary
    4: methodcaller("varstring"),  # text
    5: methodcaller("varstring"),  # embedded JSON
    6: _skip_format,
    7: _skip_type,
    8: _skip_values,
    9: _skip_subdocument,
}
