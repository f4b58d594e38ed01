"""The addresses of the modules of the app's pages."""

import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from channels_yjs.modules import page_modules

pytestmark = pytest.mark.usefixtures("fresh_modules")


def test_the_list_needs_no_library() -> None:
    names = [address.rpartition("/")[2] for address in page_modules("notes/js/list.js").preloads]
    assert sorted(names) == ["list.js", "lobby.js", "person.js"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/notes/1/"])
def test_collected_a_page_names_no_plain_file(
    address: str, tmp_path: Path, settings: Settings, client: Client
) -> None:
    """A plain name may only be the key of an import by path."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.SERVESTATIC_USE_GZIP = settings.SERVESTATIC_USE_BROTLI = False  # compressing takes seconds
    call_command("collectstatic", interactive=False, verbosity=0)
    settings.STATIC_ROOT = settings.STATIC_ROOT  # makes Django forget the storage
    text = client.get(address).content.decode()
    found = re.search(r'<script type="importmap" nonce=".+?">(.+?)</script>', text, re.DOTALL)
    assert found
    import_map = json.loads(found[1])["imports"]
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', text) + list(import_map.values())
    assert len(named) > len(import_map)
    assert [name for name in named if not re.search(r"\.[0-9a-f]{12}\.\w+$", name)] == []
    by_path = "/static/notes/js/notice.js" if "1" in address else "/static/channels_yjs/vendor/channels-yjs/person.js"
    assert import_map[by_path] in named
