"""Random histories of several people on two processes, and of code that edits and saves what it loaded long ago. In
any interleaving, all read the same in the end, and no character is doubled, or lost that somebody typed and nobody
erased. A failure names its seed; to repeat it:

    pytest channels_yjs/tests/rooms/test_convergence.py -k 'seed_17'
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from channels_yjs.editing import aedit
from channels_yjs.hub.hub import Hub
from channels_yjs.testing.faulty_layer import FaultyChannelLayer
from channels_yjs.testing.peers import Peer, expect_converged
from channels_yjs.tests.project.models import Note

SEEDS = range(12)
STEPS = 120
CODE_EVERY = 8  # steps
DYING = 0.02
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
    held = [await Note.objects.aget(pk=note.pk) for _ in range(2)]  # as code holds them: it saves now and then
    for step in range(STEPS):
        if not step % CODE_EVERY:
            await _code_writes(dice, note, held, marks, step)
        await _one_step(dice, dice.choice(peers), processes, marks, step)
        if dice.random() < DYING:
            await _one_process_dies(dice, peers, processes, start_hub)
    for peer in peers:
        if peer.room is None:
            await peer.mend(dice.choice(processes))
    text = await expect_converged(*peers)
    title = str(peers[0].texts["title"])
    wrong = {mark: count for mark in marks if (count := title.count(mark)) != 1}
    assert not wrong, f"seed {seed}: these vanished or were doubled: {wrong}; the text is {text!r}"
    async with aedit(note) as draft:
        assert (str(draft["title"]), str(draft["body"])) == (title, text)


async def _code_writes(dice: random.Random, note: Note, held: list[Note], marks: list[str], step: int) -> None:
    marks.append(f"[code {step}]")
    if dice.random() < 1 / 2:
        async with aedit(note, by="Robot") as draft:
            draft["title"].insert(dice.choice([0, len(draft["title"])]), marks[-1])
    else:
        row = dice.choice(held)
        row.title = marks[-1] + row.title
        await row.asave()


async def _one_process_dies(
    dice: random.Random, peers: list[Peer], processes: list[Hub], start_hub: Callable[[], Hub]
) -> None:
    number = dice.randrange(len(processes))
    dead, processes[number] = processes[number], start_hub()
    for peer in peers:
        if peer.room and peer.room in dead.rooms.values():
            peer.cut()
    await dead.close()


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
