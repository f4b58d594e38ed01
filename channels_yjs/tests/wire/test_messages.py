"""Frames and messages: both ways, and malformed frames."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText, merge_updates

from channels_yjs.wire.lib0 import MAX_SAFE_INTEGER, ProtocolError, varbytes, varuint
from channels_yjs.wire.messages import (
    LONGEST_NUMBER,
    MAX_AWARENESS_BYTES,
    MAX_STATE_BYTES,
    MAX_STATUS_BYTES,
    WRITTEN_OUT,
    Awareness,
    AwarenessEntry,
    Message,
    QueryAwareness,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
    decode,
    encode,
    encode_presence,
)
from channels_yjs.wire.updates import check_update

numbers = st.integers(0, MAX_SAFE_INTEGER)
state_vectors = st.dictionaries(numbers, numbers, max_size=5).map(
    lambda clocks: varuint(len(clocks)) + b"".join(varuint(c) + varuint(n) for c, n in clocks.items())
)
states = st.none() | st.dictionaries(st.text(), st.recursive(st.none() | st.text(), st.lists), max_size=3)


def is_small(state: str) -> bool:
    """Whether it is small, even when a browser sends it back and writes out numbers that have an exponent."""
    return len(state) + LONGEST_NUMBER * len(WRITTEN_OUT.findall(state)) <= MAX_STATE_BYTES


entries = st.builds(AwarenessEntry, numbers, numbers, states.map(json.dumps).filter(is_small))


@st.composite
def updates(draw: st.DrawFn) -> bytes:
    doc = Doc[Any](client_id=draw(st.integers(1, 2**32)))
    for text, root in draw(st.lists(st.tuples(st.text(), st.sampled_from(["title", "body"])), max_size=5)):
        doc.get(root, type=Text).insert(0, text)
    return doc.get_update()


messages = st.one_of(
    st.builds(SyncStep1, state_vectors),
    st.builds(SyncStep2, updates()),
    st.builds(SyncUpdate, updates()),
    st.builds(Awareness, st.lists(entries, max_size=4).map(tuple)),
    st.builds(QueryAwareness),
    st.builds(SyncStatus, st.binary(max_size=MAX_STATUS_BYTES)),
)


@given(messages)
def test_what_is_encoded_decodes_to_the_same(message: Message) -> None:
    assert decode(encode(message)) == message


@given(messages, st.data())
def test_a_frame_cut_short_is_refused(message: Message, data: st.DataObject) -> None:
    frame = encode(message)
    cut = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(ProtocolError):
        decode(frame[:cut])


@given(messages, st.binary(min_size=1))
def test_a_frame_that_goes_on_is_refused(message: Message, more: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(encode(message) + more)


@given(st.binary())
def test_nothing_but_protocol_error_escapes(frame: bytes) -> None:
    _decode_or_refuse(frame)


@given(messages, st.data())
def test_nothing_but_protocol_error_escapes_from_damaged_frames(message: Message, data: st.DataObject) -> None:
    frame = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    _decode_or_refuse(bytes(frame))


def _decode_or_refuse(frame: bytes) -> None:
    try:
        message = decode(frame)
    except ProtocolError:
        return
    assert decode(encode(message)) == message


HUGE = b"\xff\xff\xff\xff\x0f"  # 4 294 967 295
ENDLESS = b"\x80" * 300_000
A_STRUCT = b"\x04\x01\x01t\x01x"  # the text "x" in the root type "t"

MALFORMED = {
    "no byte at all": b"",
    "an unknown message": b"\x09",
    "an auth message, which only servers send": b"\x02\x00",
    "a sync message without a kind": b"\x00",
    "a sync message of an unknown kind": b"\x00\x03\x00",
    "a message type without an end": ENDLESS,
    "a length without an end": b"\x00\x02" + ENDLESS,
    "a length longer than the frame": b"\x00\x02\x05\x00\x00",
    "a length shorter than the frame": b"\x00\x02\x02\x00\x00\x00",
    "a number past what JavaScript counts": b"\x00\x00" + varbytes(b"\x01" + b"\xff" * 8 + b"\x01\x00"),
    "a state vector that claims too many clients": b"\x00\x00" + varbytes(b"\xff\xff\xff\xff\x01"),
    "a state vector cut in a pair": b"\x00\x00" + varbytes(b"\x01\x05"),
    "a state vector with more behind it": b"\x00\x00" + varbytes(b"\x01\x05\x05\x05"),
    "an update of no bytes": b"\x00\x02\x00",
    "an update that claims too many clients": b"\x00\x02" + varbytes(HUGE + b"\x00"),
    "an update that claims too many structs": b"\x00\x02" + varbytes(b"\x01" + HUGE + b"\x01\x00\x00"),
    "a delete set that claims too many clients": b"\x00\x02" + varbytes(b"\x00" + HUGE),
    "a delete set that claims too many ranges": b"\x00\x02" + varbytes(b"\x00\x01\x05" + HUGE + b"\x00"),
    "an update with more behind it": b"\x00\x02" + varbytes(b"\x00\x00\x00"),
    "an update without its delete set": b"\x00\x02" + varbytes(b"\x01\x01\x05\x00" + A_STRUCT),
    "a struct of an unknown kind": b"\x00\x02" + varbytes(b"\x01\x01\x05\x00\x1f\x00\x00"),
    "a text that is no UTF-8": b"\x00\x02" + varbytes(b"\x01\x01\x05\x00\x04\x01\x01t\x01\xff\x00"),
    "a shared type of an unknown kind": b"\x00\x02" + varbytes(b"\x01\x01\x05\x00\x07\x01\x01t\x63\x00"),
    "a value of an unknown kind": b"\x00\x02" + varbytes(b"\x01\x01\x05\x00\x08\x01\x01t\x01\x01\x00"),
    "values nested without end": b"\x00\x02"
    + varbytes(b"\x01\x01\x05\x00\x08\x01\x01t\x01" + b"\x75\x01" * 5000 + b"\x7e\x00"),
    "an awareness message that claims too many clients": b"\x01" + varbytes(HUGE),
    "an awareness state that is no JSON": b"\x01" + varbytes(b"\x01\x05\x01" + varbytes(b"{")),
    "an awareness state that is a number": b"\x01" + varbytes(b"\x01\x05\x01" + varbytes(b"7")),
    "an awareness state that is no UTF-8": b"\x01" + varbytes(b"\x01\x05\x01" + varbytes(b'"\xff"')),
    "an awareness state nested without end": b"\x01" + varbytes(b"\x01\x05\x01" + varbytes(b"[" * 60_000)),
    "an awareness state that is too long": encode(Awareness((AwarenessEntry(1, 1, '"' + "x" * 5000 + '"'),))),
    "an awareness message that is too long": b"\x01" + varbytes(b"\x00" * (MAX_AWARENESS_BYTES + 1)),
    "an awareness message cut in an entry": b"\x01" + varbytes(b"\x01\x05\x01"),
    "a SyncStatus that is too long": b"\x66" + varbytes(b"\x00" * (MAX_STATUS_BYTES + 1)),
    "a question with an answer in it": b"\x03\x00",
}


@pytest.mark.parametrize("frame", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_frame_is_refused_with_a_sentence(frame: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"^[A-Z].*\.$"):
        decode(frame)


def test_every_shared_type_of_yjs_passes() -> None:
    """Stock clients may keep anything they like besides our two texts."""
    doc = Doc[Any]()
    doc["text"] = Text("a😀b")
    doc["text"].format(0, 1, {"bold": True})
    doc["text"].insert_embed(0, {"image": "x.png"})
    doc["map"] = Map({"none": None, "yes": True, "no": False, "int": -12, "float": 1.5, "bytes": b"\x00\x01"})
    doc["map"]["nested"] = Map({"list": Array([1, [2, {"three": 3}], Text("deep")])})
    doc["xml"] = XmlFragment([XmlElement("p", {"class": "x"}, [XmlText("hello")])])
    doc["sub"] = Map({"doc": Doc[Any]()})
    del doc["map"]["int"]
    del doc["text"][0:2]
    message = SyncUpdate(doc.get_update())
    assert decode(encode(message)) == message


@given(st.randoms(use_true_random=False))
def test_deletions_are_in_order_whatever_the_order_in_which_they_are_made(random: Random) -> None:
    updates: list[bytes] = []
    doc = Doc[Any]({"body": Text("x" * 60)})
    doc.observe(lambda event: updates.append(event.update))
    with doc.transaction():
        for _ in range(20):
            at = random.randrange(len(str(doc["body"])) - 1)
            if random.random() < 0.3:
                doc["body"].insert(at, "y")
            else:
                del doc["body"][at : at + 1]
    for update in (updates[0], doc.get_update(), merge_updates(*updates, doc.get_update())):
        check_update(update)


def test_a_state_is_as_long_as_a_browser_sends_it_back() -> None:
    """Clients send back the states they receive. If those grew beyond the limit, the clients would be closed."""
    state = json.dumps({"numbers": "?"}).replace('"?"', ",".join(["1e20"] * 800).join("[]"))
    assert len(state) < MAX_STATE_BYTES
    with pytest.raises(ProtocolError, match="An awareness state holds"):
        decode(encode(Awareness((AwarenessEntry(1, 1, state),))))


def test_many_states_that_grow_on_the_way_back_are_told_in_frames_that_clients_may_send_back() -> None:
    state = "[{}]".format(",".join(["1e20"] * 150))
    entries = [AwarenessEntry(number, 1, f'{{"numbers": {state}}}') for number in range(100)]
    for frame in encode_presence(entries):
        message = decode(frame)
        assert isinstance(message, Awareness)
        sent_back = [
            AwarenessEntry(e.client_id, e.clock, e.state.replace("1e20", "100000000000000000000"))
            for e in message.entries
        ]
        assert decode(encode(Awareness(tuple(sent_back)))) == Awareness(tuple(sent_back))
