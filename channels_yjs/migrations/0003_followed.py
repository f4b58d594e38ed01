from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels_yjs", "0002_edits")]

    operations = [
        # With a default of the database's, so that processes of the version before can go on meanwhile.
        migrations.AddField(
            "document", "followed", models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
        ),
    ]
