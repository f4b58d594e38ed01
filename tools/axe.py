"""The accessibility problems that axe finds in a page."""

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Frame

from .app_server import REPOSITORY

AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"
# What is right as well would be ten times as much to bring here.
RUN = "async ([within, options]) => (await axe.run(within || document, options)).violations"


def findings(frame: Frame, rules: Sequence[str] = (), *, within: str = "") -> list[str]:
    """The problems, as "rule: elements". Without `rules` axe checks all that it knows; with a CSS selector only what
    it finds by that."""
    if not frame.evaluate("'axe' in window"):
        frame.evaluate(AXE.read_text())
    options = {"iframes": False, "resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found: list[dict[str, Any]] = frame.evaluate(RUN, [within, options])
    return [f"{v['id']}: {[node['html'] for node in v['nodes']]}" for v in found]
