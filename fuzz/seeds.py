"""The frames to start from: the short ones of the hostile corpus, and sound ones. Made again for each run."""

import hashlib
import tempfile
from pathlib import Path

from channels_yjs.testing import hostile

LONGEST = 4096


def write_seeds() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    unready = {name: hostile.sync_update(update) for name, update in hostile.unready().items()}
    frames = {**hostile.VALID, **hostile.harmless(), **hostile.malformed(), **unready}
    for frame in frames.values():
        if len(frame) <= LONGEST:
            (folder / hashlib.sha256(frame).hexdigest()).write_bytes(frame)
    return folder
