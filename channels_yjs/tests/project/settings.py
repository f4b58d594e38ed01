"""The project on which the engine's tests run: one shared model, and what the engine asks of every project.

Without DATABASE_URL the tests use a file of SQLite; with postgres://user:password@host/name they use that server.
"""

from environ import Env

SECRET_KEY = "only-for-tests"  # noqa: S105
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "channels_yjs",
    "channels_yjs.tests.project",
]
MIDDLEWARE = [
    "channels_yjs.health.answer_health",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "channels_yjs.tests.project.urls"
STATIC_URL = "/static/"
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {"default": Env().db_url("DATABASE_URL", default="sqlite://:memory:")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL",  # readers do not wait for writers
        "transaction_mode": "IMMEDIATE",  # a writer waits for its turn when it begins, not in the middle
    }
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"channels_yjs": {"level": "DEBUG"}},  # so that every message is formatted once
}
