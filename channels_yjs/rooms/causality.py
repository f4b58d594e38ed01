"""How far a document's log goes: for each client, the number of its clocks that are there.

Every item has a number, its client's clock. An update brings a span of clocks for each of its clients and depends on
others: its origins, those it deletes, those before its own. Knows no documents, only numbers.

Invariant: no update is let in that depends on a missing one. An update that waits for another one may wait for ever,
then nobody can tell what the document says; and the CRDT library, which retries the waiting ones, can be led into
doing so until its stack overflows.
"""

from collections.abc import Mapping
from heapq import heappop, heappush

from channels_yjs.wire.updates import Shape


class MissingUpdates(Exception):
    """An update depends on something that is not there, or on itself in a circle."""


def advance(known: Mapping[int, int], shape: Shape) -> dict[int, int]:
    """The clocks that a replica with the clocks `known` has after an update of this shape; only for the update's
    clients.

    Raises MissingUpdates if the update depends on something that the replica lacks.
    """
    reached: dict[int, int] = {}
    waiting: dict[int, list[tuple[int, int]]] = {}  # by client: the awaited clock, and the client that waits
    steps = {client: iter(shape.origins.get(client, ())) for client in shape.spans}
    ready = list(shape.spans)
    for client, (start, _) in shape.spans.items():
        reached[client] = known.get(client, 0)
        if max(start, shape.needs.get(client, 0)) > reached[client]:
            raise MissingUpdates
    while ready:
        client = ready.pop()
        reached[client] = max(reached[client], shape.spans[client][1])
        for at, other, clock in steps[client]:
            if clock >= reached.get(other, known.get(other, 0)):
                if other not in shape.spans or clock >= shape.spans[other][1]:
                    raise MissingUpdates
                reached[client] = max(known.get(client, 0), at)
                heappush(waiting.setdefault(other, []), (clock, client))
                break
        others = waiting.get(client)
        while others and others[0][0] < reached[client]:
            ready.append(heappop(others)[1])
    if any(waiting.values()) or any(reached.get(c, known.get(c, 0)) < clock for c, clock in shape.deletes.items()):
        raise MissingUpdates
    return reached


def overlaps(known: Mapping[int, int], shape: Shape) -> bool:
    """Whether an update brings clocks that are there already: it was sent a second time, or is forged."""
    return any(start < known.get(client, 0) for client, (start, _) in shape.spans.items())
