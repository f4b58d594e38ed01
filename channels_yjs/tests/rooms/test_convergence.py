"""Random histories of several people on two processes: in any interleaving, all read the same in the end, and no
character is lost that somebody typed and nobody erased. A failure names its seed; to repeat it:

    pytest channels_yjs/tests/rooms/test_convergence.py -k 'seed_17'
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from channels_yjs.hub.hub import Hub
from channels_yjs.testing.faulty_layer import FaultyChannelLayer
from channels_yjs.testing.peers import Peer, expect_converged
from notes.models import Note

SEEDS = range(12)
STEPS = 120
ALPHABET = ["a", "b", "ß", "字", "😀", "e\u0301", "ש", "\n"]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed_{seed}")
async def test_everyone_converges(
    seed: int,
    note: Note,
    start_hub: Callable[[], Hub],
    faulty_layer: FaultyChannelLayer,
    settings: Any,
) -> None:
    settings.YJS_CHECK_LOG_SECONDS = 0.05
    settings.YJS_COMPACT_AFTER_UPDATES = 10
    dice = random.Random(seed)
    faulty_layer.random = random.Random(seed)
    faulty_layer.drop = faulty_layer.double = faulty_layer.delay = 0.2
    processes = [start_hub(), start_hub()]
    peers = [Peer(name, client_id=number + 1) for number, name in enumerate(("Ada", "Grace", "Alan", "Mary"))]
    for peer in peers:
        await peer.join(dice.choice(processes), note)
    marks: list[str] = []
    for step in range(STEPS):
        peer = dice.choice(peers)
        await _one_step(dice, peer, processes, marks, step)
    for peer in peers:
        if peer.room is None:
            await peer.mend(dice.choice(processes))
    text = await expect_converged(*peers)
    lost = [mark for mark in marks if mark not in str(peers[0].texts["title"])]
    assert not lost, f"seed {seed}: {lost} vanished; the text is {text!r}"


async def _one_step(dice: random.Random, peer: Peer, processes: list[Hub], marks: list[str], step: int) -> None:
    match dice.choices(["type", "erase", "mark", "cut", "mend", "wait"], [8, 3, 3, 1, 2, 3])[0]:
        case "type":
            peer.type(dice.choice(ALPHABET) * dice.randint(1, 3), at=dice.randint(0, len(peer.text)))
        case "erase" if peer.text:
            peer.erase(dice.randrange(len(peer.text)), dice.randint(1, 4))
        case "mark":  # nobody erases in the title, so each mark must be there in the end
            marks.append(f"[{step}]")
            peer.texts["title"].insert(0, marks[-1])
        case "cut" if peer.room:
            peer.cut()
        case "mend" if peer.room is None:
            await peer.mend(dice.choice(processes))
        case "wait" if peer.room:
            await peer.expect_saved()
