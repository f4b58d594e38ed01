from channels_yjs.tests.isolation import (  # noqa: F401
    django_db_modify_db_settings,
    fresh_channel_layer,
    fresh_modules,
)
