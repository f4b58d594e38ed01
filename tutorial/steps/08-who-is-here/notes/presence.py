"""Awareness frames: who says what of themselves. What they say is JSON, and for the pages alone."""

from pycrdt import Decoder, read_message, write_message, write_var_uint

AWARENESS = b"\x01"


def client_of(frame: bytes) -> int:
    """Whose state a frame begins with. A page tells its own first, and then passes on what it hears of others."""
    return entries_of(frame)[0][0]


def goodbye(frame: bytes) -> bytes:
    """Says of everybody in a frame that they have left. At the same clock `null` wins; the next is newer."""
    entries = entries_of(frame)
    gone = [write_var_uint(client) + write_var_uint(clock) + write_message(b"null") for client, clock in entries]
    return AWARENESS + write_message(write_var_uint(len(gone)) + b"".join(gone))


def entries_of(frame: bytes) -> list[tuple[int, int]]:
    """The clients in a frame, each with the clock of its state."""
    decoder = Decoder(read_message(frame[1:]))
    entries = []
    for _ in range(decoder.read_var_uint()):
        entries.append((decoder.read_var_uint(), decoder.read_var_uint()))
        decoder.read_var_string()  # the state itself
    return entries
