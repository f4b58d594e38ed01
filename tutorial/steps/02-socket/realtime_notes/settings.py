"""Settings of the project, read from the environment in one block.

Without any variable set they suit a laptop: SQLite, DEBUG on.
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
    "django.contrib.staticfiles",
    "channels",
    "notes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
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

# Database ------------------------------------------------------------------------------------------

DATABASES = {"default": DATABASE}

# Static files --------------------------------------------------------------------------------------

STATIC_URL = "static/"
