"""Fuzzes `messages.decode`: for any input, it returns a message or raises ProtocolError.

Guided by coverage (atheris, libFuzzer). Invariant: a message that was decoded encodes to a frame that decodes to
the same message. Time and memory for each input are bounded by libFuzzer's own options; see `nox -s fuzz`.
"""

import sys

import atheris

with atheris.instrument_imports(include=["channels_yjs", "notes"]):
    from channels_yjs.wire.lib0 import ProtocolError
    from channels_yjs.wire.messages import decode, encode

from fuzz.seeds import write_seeds


def fuzz(data: bytes) -> None:
    try:
        message = decode(data)
    except ProtocolError:
        return
    assert decode(encode(message)) == message


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], str(write_seeds()), *sys.argv[1:]], fuzz)
    atheris.Fuzz()
