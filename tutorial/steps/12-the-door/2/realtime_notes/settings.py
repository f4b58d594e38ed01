"""Settings of the project, read from the environment in one block.

Without any variable set they suit a laptop: SQLite, an in-memory channel layer, DEBUG on.
"""

from pathlib import Path

from csp.constants import NONCE, SELF
from django.core.exceptions import ImproperlyConfigured

from realtime_notes import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent

# The environment -----------------------------------------------------------------------------------

DEBUG = env.flag("DEBUG", default=True)
SECRET_KEY = env.text("SECRET_KEY") or ("only-for-a-laptop" if DEBUG else "")
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
DATABASE = env.database("DATABASE_URL", default=BASE_DIR / "db.sqlite3")
REDIS_URL = env.redis("REDIS_URL")
LOG_LEVEL = env.level("LOG_LEVEL", default="INFO")
globals().update(env.engine())  # YJS_MAX_FRAME_BYTES and the others: see channels_yjs/conf.py

if not SECRET_KEY:
    raise ImproperlyConfigured(
        "DEBUG is off, so SECRET_KEY must be set. Make one with: "
        'python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )

# Applications --------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",  # first, so that its runserver replaces Django's, which has no WebSockets
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "channels_yjs",
    "notes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "csp.middleware.CSPMiddleware",
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
                "csp.context_processors.nonce",
            ]
        },
    }
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Database and channel layer ------------------------------------------------------------------------

if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        "transaction_mode": "IMMEDIATE",  # a writer waits for its turn when it begins, not in the middle
        "timeout": 5,  # seconds to wait for that turn
    }
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

# Security ------------------------------------------------------------------------------------------

CSRF_FAILURE_VIEW = "realtime_notes.csrf.refuse_form"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],  # the nonce is for the import map, the only inline script
        "style-src": [SELF, NONCE],  # the nonce is for the style sheet that CodeMirror makes
        "img-src": [SELF, "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
    }
}

# Logging: who came and went, and what was slow. Never what anybody wrote. ----------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"channels_yjs": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False}},
}
