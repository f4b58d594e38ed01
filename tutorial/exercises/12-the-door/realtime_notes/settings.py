"""Settings of the project, read from the environment in one block.

Without any variable set they suit a laptop: SQLite, an in-memory channel layer, DEBUG on. docs/reference/settings.md
describes each variable, and a test keeps that page complete.
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
STATIC_ROOT = BASE_DIR / env.text("STATIC_ROOT", default="static")
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", default=0 if DEBUG else 31_536_000, least=0)
TRUST_FORWARDED_PROTO = env.flag("TRUST_FORWARDED_PROTO", default=False)
LOG_LEVEL = env.level("LOG_LEVEL", default="INFO")
globals().update(env.engine())  # YJS_MAX_FRAME_BYTES and the others: see channels_yjs/conf.py
LOCKED_NOTES = env.text("LOCKED_NOTES").split(",")

if not SECRET_KEY:
    raise ImproperlyConfigured(
        "DEBUG is off, so SECRET_KEY must be set. Make one with: "
        'python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )

# Applications --------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",  # first, so that its runserver replaces Django's, which has no WebSockets
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "channels_yjs",
    "notes",
]
MIDDLEWARE = [
    "channels_yjs.health.answer_health",  # first: a load balancer asks by address, without HTTPS
    "realtime_notes.prefix.keep_cookies_under_prefix",
    "django.middleware.security.SecurityMiddleware",
    "realtime_notes.static_files.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
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
                "django.contrib.auth.context_processors.auth",
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
TEST_RUNNER = "realtime_notes.test_runner.PytestRunner"

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

STATIC_URL = "/static/"  # the storage puts the prefix before it
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "realtime_notes.static_files.CollectedStorage"},
}
SERVESTATIC_USE_FINDERS = True  # serves from the apps' folders, so that it works without collectstatic, too
SERVESTATIC_USE_STATIC_ROOT = False
SERVESTATIC_KEEP_ONLY_HASHED_FILES = True  # the finders serve the others

# Security ------------------------------------------------------------------------------------------

X_FRAME_OPTIONS = "DENY"  # except the note page, which the side-by-side page frames
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "notes_session", "notes_csrf"  # another site of this host may use Django's
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
CSRF_FAILURE_VIEW = "realtime_notes.csrf.refuse_form"
if TRUST_FORWARDED_PROTO:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
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
    "loggers": {
        name: {"handlers": ["console"], "level": level, "propagate": False}
        for name, level in (("channels_yjs", LOG_LEVEL), ("notes", LOG_LEVEL), ("django", "INFO"))
    },
}
