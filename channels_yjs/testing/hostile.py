"""Frames that no honest client sends, made by code: what each is, and how the server must answer it.

Three kinds. MALFORMED frames are refused with 4400, OVERSIZE ones with 4413, and HARMLESS ones are allowed by
the protocol: they are answered or ignored. None of them may change anything for anybody else.

Invariant: nothing here needs a socket, a room or a random number, so every failure can be repeated by name.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from channels_yjs.wire.lib0 import MAX_SAFE_INTEGER, varbytes, varuint
from channels_yjs.wire.messages import MAX_AWARENESS_BYTES, MAX_STATUS_BYTES
from channels_yjs.wire.updates import (
    EMPTY_UPDATE,
    MAX_CLIENTS,
    MAX_CLOCK,
    MAX_DELETED_RANGES,
    MAX_JOINABLE,
    MAX_KEYED,
    MAX_STRUCTS,
    write_state_vector,
)

BODY = b"\x01\x04body"  # the parent of a struct: a root type and its name
HUGE = varuint(2**32 - 1)
ENDLESS = b"\x80" * 300_000
STATE_VECTOR_BOMB = b"\xff\xff\xff\xff\x01"
NESTED_VALUES = 100_000
NESTED_JSON = 30_000  # levels that fit into an awareness frame
OVERSIZE_BYTES = 20 * 1024 * 1024


# Building blocks: updates, struct by struct


def text(content: str, origin: tuple[int, int] | None = None) -> bytes:
    """A struct of text: at the start of the body, or after the character `origin`."""
    place = b"\x04" + BODY if origin is None else b"\x84" + varuint(origin[0]) + varuint(origin[1])
    return place + varbytes(content.encode())


def by(client_id: int, clock: int, structs: Sequence[bytes]) -> bytes:
    return varuint(len(structs)) + varuint(client_id) + varuint(clock) + b"".join(structs)


def deleted(ranges: Mapping[int, Sequence[tuple[int, int]]]) -> bytes:
    return varuint(len(ranges)) + b"".join(
        varuint(client_id) + varuint(len(some)) + b"".join(varuint(clock) + varuint(length) for clock, length in some)
        for client_id, some in ranges.items()
    )


def update(clients: Sequence[bytes] = (), deletions: bytes = b"\x00") -> bytes:
    return varuint(len(clients)) + b"".join(clients) + deletions


def step_1(state_vector: bytes) -> bytes:
    return b"\x00\x00" + varbytes(state_vector)


def step_2(update: bytes) -> bytes:
    return b"\x00\x01" + varbytes(update)


def sync_update(update: bytes) -> bytes:
    return b"\x00\x02" + varbytes(update)


def awareness(*entries: tuple[int, int, str]) -> bytes:
    encoded = b"".join(varuint(c) + varuint(clock) + varbytes(state.encode()) for c, clock, state in entries)
    return b"\x01" + varbytes(varuint(len(entries)) + encoded)


HI = update([by(5, 0, [text("Hi")])], deleted({5: [(1, 1)]}))
VALID = {
    "step 1": step_1(b"\x01\x05\x02"),
    "step 2": step_2(HI),
    "update": sync_update(HI),
    "awareness": awareness((5, 1, '{"user":{"name":"Mallory"}}')),
    "query": b"\x03",
    "status": b"\x66\x01\x07",
    "access": b"\x67\x00\x00",
}

# Each is sound, and together they make the CRDT library retry waiting updates until its stack overflows.
OVERFLOW = (
    bytes.fromhex("0103010081020305c4040902010161040104626f647904f09f988000"),
    bytes.fromhex("02030202000284020304f09f9880810304010301030001c6030104090162047472756584010302626301040206010901"),
)


# The corpus


def malformed() -> dict[str, bytes]:
    return {
        **dict(_truncated()),
        **dict(_mismeasured()),
        **dict(_bombs()),
        **dict(_updates()),
        **dict(_presence()),
        **{f"message type {kind}": varuint(kind) + b"\x00" for kind in (2, 4, 5, 101, 104, 127, 128, 2**32)},
        **{f"sync type {kind}": b"\x00" + varuint(kind) + b"\x00" for kind in (3, 4, 127, 2**53 - 1)},
    }


def oversize() -> dict[str, bytes]:
    zeros = bytes(OVERSIZE_BYTES)
    return {"20 MB of zeros": zeros, "a 20 MB update": sync_update(zeros), "20 MB of awareness": b"\x01" + zeros}


def harmless() -> dict[str, bytes]:
    """Frames that are allowed, and change nothing."""
    return {
        "a question who is here": b"\x03",
        "a question what is saved": b"\x66\x01\x07",
        "a question with nothing in it": b"\x66\x00",
        "a state vector of nothing": step_1(b"\x00"),
        "a state vector from the future": step_1(write_state_vector({1: MAX_SAFE_INTEGER})),
        "a state vector of 100 000 clients": step_1(write_state_vector(dict.fromkeys(range(100_000), 1))),
        "a state vector with one client a thousand times": step_1(varuint(1000) + b"\x05\x02" * 1000),
        "an empty answer": step_2(EMPTY_UPDATE),
        "an empty update": sync_update(EMPTY_UPDATE),
        "awareness of nobody": awareness(),
    }


def nasty() -> dict[str, bytes]:
    """Updates that are allowed, and that cost the most that an update may. They are stored like any other."""
    most = range(1, MAX_CLIENTS + 1)
    chain = [by(10_000 + i, 0, [text("x", (9_999 + i, 0) if i > 1 else None)]) for i in reversed(most)]
    run = [text("x", (20_000, clock - 1) if clock else None) for clock in range(MAX_JOINABLE)]
    holes = [(2 * i, 1) for i in range(MAX_DELETED_RANGES // 2)]
    return {
        "as many clients as may be": update([by(i, 0, [text("x")]) for i in most]),
        "a chain of clients": update(chain),
        "a run of single letters": update([by(20_000, 0, run)]),
        "garbage up to the last clock": update([by(20_001, 0, [b"\x00" + varuint(MAX_CLOCK)])]),
        "a list in the text": update([by(20_003, 0, [b"\x08" + BODY + b"\x01\x7e"])]),
        "a subdocument in the text": update([by(20_004, 0, [b"\x09" + BODY + b"\x01g\x76\x00"])]),
        "a key of the text": update([by(20_005, 0, [b"\x24" + BODY + b"\x01k\x01x"])]),
        "a long text in shreds": update([by(20_002, 0, [text("x" * 2 * len(holes))])], deleted({20_002: holes})),
    }


def unready() -> dict[str, bytes]:
    """Sound updates that depend on something that nobody has sent, or on themselves in a circle."""
    return {
        "many clients whose starts are missing": update([by(i + 1, 7, [text("x")]) for i in range(MAX_CLIENTS)]),
        "a struct at the last clock": update([by(1, MAX_CLOCK - 1, [text("x")])]),
        "a gap": update([by(1, 0, [text("x"), b"\x0a\x05", text("y")])]),
        "deletions of what nobody wrote": update([], deleted({7: [(2 * i, 1) for i in range(50_000)]})),
        "a deletion of everything": update([by(1, 0, [text("x")])], deleted({1: [(0, MAX_CLOCK)]})),
        "a letter beside one that is missing": update([by(1, 0, [text("x", (99, 99))])]),
        "a circle": update([by(1, 0, [text("x", (2, 0))]), by(2, 0, [text("y", (1, 0))])]),
        **dict(zip(("one half of what overflows the stack", "the other half"), OVERFLOW, strict=True)),
    }


def _truncated() -> Iterator[tuple[str, bytes]]:
    for name, frame in VALID.items():
        for end in range(len(frame)):
            yield f"{name} cut at {end}", frame[:end]
        yield f"{name} with more behind it", frame + b"\x00"


def _mismeasured() -> Iterator[tuple[str, bytes]]:
    """Frames whose inner length is one too small, one too large, and far too large."""
    for name, header, body in (
        ("step 1", b"\x00\x00", b"\x01\x05\x02"),
        ("step 2", b"\x00\x01", HI),
        ("update", b"\x00\x02", HI),
        ("awareness", b"\x01", VALID["awareness"][2:]),
        ("status", b"\x66", b"\x07"),
    ):
        for length in (len(body) - 1, len(body) + 1, 2**31, 2**32, 2**53 - 1, 2**53, 2**63, 2**64):
            yield f"{name} of {len(body)} bytes that says {length}", header + varuint(length) + body
    yield "a body that ends before its frame", sync_update(HI + b"\x00")


def _bombs() -> Iterator[tuple[str, bytes]]:
    for name, header in (("message", b""), ("sync", b"\x00"), ("update", b"\x00\x02"), ("awareness", b"\x01")):
        yield f"{name} with a varint of 300 kB", header + ENDLESS
    yield "a state vector of 300 kB in one varint", step_1(ENDLESS)
    yield "a state vector bomb", step_1(STATE_VECTOR_BOMB)
    yield "a state vector bomb with bytes behind it", step_1(STATE_VECTOR_BOMB + bytes(1000))
    for name, body in (
        ("clients", HUGE + bytes(100)),
        ("structs", b"\x01" + HUGE + b"\x05\x00" + bytes(100)),
        ("deletions", b"\x00" + HUGE + bytes(100)),
        ("deleted ranges", b"\x00\x01\x05" + HUGE + bytes(100)),
        ("strings", update([by(5, 0, [b"\x02" + BODY + HUGE])])),
        ("values", update([by(5, 0, [b"\x08" + BODY + HUGE])])),
        ("fields", update([by(5, 0, [b"\x08" + BODY + b"\x01\x76" + HUGE])])),
        ("letters", update([by(5, 0, [b"\x04" + BODY + HUGE])])),
    ):
        yield f"an update that claims too many {name}", sync_update(body)
    yield "awareness that claims too many clients", b"\x01" + varbytes(HUGE + bytes(100))


def _updates() -> Iterator[tuple[str, bytes]]:
    """Malformed updates in a sound frame."""
    for kind, one in (("arrays", b"\x75\x01"), ("objects", b"\x76\x01\x01k")):
        values = one * NESTED_VALUES + b"\x7e"
        yield f"nested {kind}", sync_update(update([by(5, 0, [b"\x08" + BODY + b"\x01" + values])]))
    deep_json = "[" * NESTED_VALUES + "]" * NESTED_VALUES
    for kind, head in (
        ("JSON", b"\x02" + BODY + b"\x01"),
        ("embed", b"\x05" + BODY),
        ("format", b"\x06" + BODY + b"\x01k"),
    ):
        yield f"{kind} nested deeply", sync_update(update([by(5, 0, [head + varbytes(deep_json.encode())])]))
        yield f"{kind} that is no JSON", sync_update(update([by(5, 0, [head + b"\x01{"])]))
    for kind, struct in {
        "a type in a type": b"\x04\x00\x05\x00\x01y",
        "a letter beside a later one": text("y", (5, 7)),
        "a letter beside itself": text("y", (5, 1)),
        "an empty text": text(""),
        "no garbage": b"\x00\x00",
        "a gap of nothing": b"\x0a\x00",
        "nothing deleted": b"\x01" + BODY + b"\x00",
    }.items():
        yield kind, sync_update(update([by(5, 0, [text("x"), struct])]))
    yield "a client without structs", sync_update(update([by(5, 0, [])]))
    yield "a client that comes twice", sync_update(update([by(5, 0, [text("x")]), by(5, 1, [text("y")])]))
    yield "a deletion of nothing", sync_update(update([], deleted({5: [(3, 0)]})))
    for content in (11, 12, 31):
        yield f"content of kind {content}", sync_update(update([by(5, 0, [bytes([content]) + BODY + b"\x00"])]))
    yield "text that is no UTF-8", sync_update(update([by(5, 0, [b"\x04" + BODY + b"\x01\xff"])]))
    yield "deletions out of order", sync_update(update([], deleted({5: [(9, 1), (3, 1)]})))
    over = {
        "clocks at the start": update([by(5, MAX_CLOCK, [text("x")])]),
        "clocks in a far origin": update([by(5, 0, [text("x", (5, 2**32))])]),
        "clocks of garbage": update([by(5, 0, [b"\x00" + varuint(MAX_CLOCK)] * 2)]),
        "clocks of deleted letters": update([by(5, 9, [b"\x01" + BODY + varuint(MAX_CLOCK)])]),
        "clocks of a deletion": update([], deleted({5: [(1, MAX_CLOCK)]})),
        "clients": update([by(i + 1, 0, [text("x")]) for i in range(MAX_CLIENTS + 1)]),
        "structs": update([by(5, 0, [b"\x00\x01"] * (MAX_STRUCTS + 1))]),
        "single letters": update([by(5, 0, [text("x"), *(text("x", (5, i)) for i in range(MAX_JOINABLE + 1))])]),
        "deleted ranges": update([], deleted({5: [(2 * i, 1) for i in range(MAX_DELETED_RANGES)]})),
        "keys": update([by(5, 0, [b"\x24" + BODY + b"\x01k\x01x"] * (MAX_KEYED + 1))]),
    }
    for name, body in over.items():
        yield f"too many {name}", sync_update(body)


def _presence() -> Iterator[tuple[str, bytes]]:
    for name, state in {
        "no JSON": "{",
        "a number": "7",
        "a string": '"Ada"',
        "a list": "[]",
        "NUL": "\x00",
        "NaN": '{"cursor": NaN}',
        "Infinity": '{"cursor": [-Infinity]}',
        "nested deeply": "[" * NESTED_JSON + "]" * NESTED_JSON,
        "objects nested deeply": '{"a":' * (NESTED_JSON // 3) + "1" + "}" * (NESTED_JSON // 3),
        "too long": json.dumps({"user": {"name": "x" * MAX_AWARENESS_BYTES}}),
        "megabytes long": json.dumps({"user": {"name": "x" * 3_000_000}}),
    }.items():
        yield f"awareness that is {name}", awareness((5, 1, state))
    yield "awareness that is no UTF-8", b"\x01" + varbytes(b"\x01\x05\x01" + varbytes(b'{"a":"\xff"}'))
    yield "awareness nested 100 000 deep", b"\x01" + varbytes(b"\x01\x05\x01" + varbytes(b"[" * 100_000))
    yield "a status that is too long", b"\x66" + varbytes(bytes(MAX_STATUS_BYTES + 1))
