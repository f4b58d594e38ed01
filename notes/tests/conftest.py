from channels_yjs.tests.isolation import django_db_modify_db_settings, fresh_channel_layer  # noqa: F401
