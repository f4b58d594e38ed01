"""The app under a path prefix, as from a server that was started with `--root-path /kit`."""

import re
from typing import Any

import pytest
from django.test import AsyncClient
from django.urls import clear_script_prefix, set_script_prefix

pytestmark = pytest.mark.django_db(transaction=True)
PATHS = ["", "notes/1/", "notes/1/side-by-side/", "notes/1/delete/", "notes/9/", "admin/login/"]
IN_ATTRIBUTES = re.compile(r'(?:href|src|action|data-socket)="(/[^"]*)"')
IN_IMPORT_MAP = re.compile(r'": "(/[^"]*)"')


async def get(path: str, root_path: str = "/kit") -> Any:
    set_script_prefix(f"{root_path}/")  # Django does this for a server's requests, but not for its test client's
    try:
        return await AsyncClient(root_path=root_path).get(path)
    finally:
        clear_script_prefix()


@pytest.mark.parametrize("path", PATHS)
async def test_every_address_in_a_page_has_the_prefix(path: str) -> None:
    text = (await get(f"/kit/{path}")).content.decode()
    found = IN_ATTRIBUTES.findall(text) + IN_IMPORT_MAP.findall(text)
    assert len(found) > 3
    assert [address for address in found if not address.startswith("/kit/")] == []


@pytest.mark.parametrize("path", ["", "notes/1/"])
async def test_without_a_prefix_no_address_has_one(path: str) -> None:
    assert "/kit" not in (await get(f"/{path}", root_path="")).content.decode()


@pytest.mark.parametrize(("root_path", "cookie_path"), [("/kit", "/kit/"), ("", "/")])
async def test_cookies_are_for_the_prefix_only(root_path: str, cookie_path: str) -> None:
    [cookie] = (await get(f"{root_path}/", root_path)).cookies.values()
    assert (cookie.key, cookie["path"]) == ("notes_csrf", cookie_path)


async def test_redirects_static_files_and_health_are_under_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels_yjs.health.PATIENCE_SECONDS", 60.0)
    assert (await get("/kit/notes/1")).headers["Location"] == "/kit/notes/1/"
    assert (await get("/kit/static/notes/notes.css")).status_code == 200
    assert (await get("/kit/healthz")).status_code == 200
