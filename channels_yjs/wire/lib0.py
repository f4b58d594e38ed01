"""The primitives that every frame is made of, as lib0/encoding and lib0/decoding write them.

A varuint holds seven bits a byte, lowest first; the eighth bit says that more follow. A bytes or string field is its
length in bytes as a varuint, then the bytes. Knows no message and no document.

Invariant: a Reader never looks past the end of its data and never believes a number before it has compared it with
the bytes that are there. On any malformed data it raises ProtocolError and nothing else.
"""

MAX_SAFE_INTEGER = 2**53 - 1  # JavaScript counts no further, so no honest client sends more
MAX_VARINT_BYTES = 10


class ProtocolError(Exception):
    """The peer sent something that the protocol does not allow. The message says what, in one sentence."""


def varuint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def varbytes(data: bytes) -> bytes:
    return varuint(len(data)) + data


class Reader:
    """Reads one value after the other from `data`; `at` is the position of the next one."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.end = len(data)

    @property
    def left(self) -> int:
        return self.end - self.at

    def byte(self) -> int:
        if self.at >= self.end:
            raise ProtocolError("The frame ends in the middle of a value.")
        self.at += 1
        return self.data[self.at - 1]

    def varuint(self) -> int:
        at = self.at
        if at < self.end and (byte := self.data[at]) < 0x80:  # most numbers have one byte
            self.at = at + 1
            return byte
        number = shift = 0
        for _ in range(MAX_VARINT_BYTES):
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                if number > MAX_SAFE_INTEGER:
                    break
                return number
            shift += 7
        raise ProtocolError(f"A number in the frame is larger than {MAX_SAFE_INTEGER}.")

    def count(self, smallest: int) -> int:
        """A number of entries, each of at least `smallest` bytes, all of which must fit in what is left."""
        number = self.varuint()
        if number * smallest > self.left:
            raise ProtocolError("A list claims more entries than its frame has room for.")
        return number

    def at_most(self, limit: float, number: int, what: str) -> None:
        if number > limit:
            raise ProtocolError(f"The update has more than {limit} {what}.")

    def skip(self, length: int) -> None:
        if length > self.left:
            raise ProtocolError("A field claims more bytes than its frame has left.")
        self.at += length

    def varbytes(self) -> bytes:
        length = self.varuint()
        start = self.at
        self.skip(length)
        return self.data[start : self.at]

    def varbytes_at_most(self, limit: int, what: str) -> bytes:
        data = self.varbytes()
        if len(data) > limit:
            raise ProtocolError(f"{what} holds {len(data)} bytes; at most {limit} are allowed.")
        return data

    def skip_varbytes(self) -> None:
        self.skip(self.varuint())

    def varstring(self) -> str:
        try:
            return self.varbytes().decode()
        except UnicodeDecodeError:
            raise ProtocolError("A string is not valid UTF-8.") from None

    def text(self) -> str:
        """A string whose characters have clocks, so that a client may have written in the middle of one."""
        return self.varstring()

    def finish(self) -> None:
        if self.left:
            raise ProtocolError("There are bytes left over after the message.")
