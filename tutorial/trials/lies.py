"""An attack: a client sends frames that lie about what is in them.

Each of them is harmless until the update is read: then it cannot be merged, it ends the process by overflowing its
stack, or it merges and no browser can apply the result.
"""

from pathlib import Path

from channels_yjs.testing import hostile
from tools.app_server import AppServer
from tutorial.checking.printed import fault_in

from .honest import BEFORE, can_write, honest_people
from .people import Person
from .trial import first_note, served

NESTED = hostile.NESTED_VALUES
LISTS = b"\x08" + hostile.BODY + b"\x01" + b"\x75\x01" * NESTED + b"\x7e"
LIES = {
    "an update that ends in the middle": hostile.HI[: len(hostile.HI) // 2],
    f"a list in a list in a list, {NESTED:,} deep": hostile.update([hostile.by(5, 0, [LISTS])]),
    "an item of length zero": hostile.update([hostile.by(5, 0, [hostile.text("x"), b"\x00\x00"])]),
}


def send_lies(copy: Path) -> bool:
    held = [survives(copy, lie, hostile.sync_update(update)) for lie, update in LIES.items()]
    return all(held)


def survives(copy: Path, lie: str, frame: bytes) -> bool:
    with served(copy) as server:
        url = first_note(server)
        ada, grace = honest_people(url)
        mallory = Person("Mallory")
        mallory.open(url)
        mallory.send_bytes(frame)
        stays = mallory.is_told_saved()
        print(f"Mallory sends {lie}, {len(frame):,} bytes.")
        print(f"  Mallory's connection {'stays open' if stays else mallory.trouble}.")
        held = [can_write(ada, grace, "after"), can_be_opened(server, url)]
        for person in (ada, grace, mallory):
            person.leave()
    print()
    return all(held)


def can_be_opened(server: AppServer, url: str) -> bool:
    """If not, tries again after a restart."""
    if not (trouble := trouble_of_newcomer(url)):
        print("  A newcomer can still open the note.")
        return True
    print(f"✗ Nobody can open the note any more: a newcomer's connection {trouble}.{last_fault(server)}")
    server.kill()
    server.start()
    again = trouble_of_newcomer(url)
    print(f"✗ Nor after a restart: it {again}.{last_fault(server)}" if again else "  After a restart they can.")
    return False


def last_fault(server: AppServer) -> str:
    if not server.is_ready():
        return " The whole server has died."
    fault = fault_in(server.log)
    return f" The server printed: {fault}" if fault else ""


def trouble_of_newcomer(url: str) -> str:
    newcomer = Person("Joan")
    has_read = newcomer.open(url) and newcomer.reads(BEFORE)
    newcomer.leave()
    return "" if has_read else newcomer.trouble
