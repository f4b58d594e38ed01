"""Settings, as a fresh Python reads them from its environment."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": "a-long-and-random-key-of-more-than-fifty-characters-0123456789",
    "ALLOWED_HOSTS": "notes.example",
    "CSRF_TRUSTED_ORIGINS": "https://notes.example",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_deployment_check_is_clean_with_production_settings() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert (result.returncode, result.stdout) == (0, "System check identified no issues (0 silenced).\n"), (
        result.stderr
    )


def test_without_debug_a_secret_key_is_asked_for() -> None:
    result = manage("check", DEBUG="off")
    assert result.returncode != 0
    assert "DEBUG is off, so SECRET_KEY must be set." in result.stderr


def test_models_and_migrations_agree() -> None:
    assert manage("makemigrations", "--check", "--dry-run").returncode == 0
