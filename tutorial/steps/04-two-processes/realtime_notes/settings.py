"""Settings of the project, read from the environment in one block.

Without any variable set they suit a laptop: SQLite, an in-memory channel layer, DEBUG on.
"""

from pathlib import Path
from urllib.parse import quote

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

# The environment -----------------------------------------------------------------------------------

env = environ.Env()
DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = env.str("SECRET_KEY", default="only-for-a-laptop" if DEBUG else "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
DATABASE = env.db_url("DATABASE_URL", default=f"sqlite:///{quote(str(BASE_DIR / 'db.sqlite3'))}")
REDIS_URL = env.str("REDIS_URL", default="")

if not SECRET_KEY:
    raise ImproperlyConfigured(
        "DEBUG is off, so SECRET_KEY must be set. Make one with: "
        'python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )

# Applications --------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",  # first, so that its runserver replaces Django's, which has no WebSockets
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "notes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "realtime_notes.urls"
ASGI_APPLICATION = "realtime_notes.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Database and channel layer ------------------------------------------------------------------------

DATABASES = {"default": DATABASE}

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        # No read timeout: waiting for the next message may take as long as it takes.
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

# Static files --------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static"
SERVESTATIC_USE_FINDERS = True  # serves from the apps' folders: there is no collectstatic step
SERVESTATIC_USE_STATIC_ROOT = False
