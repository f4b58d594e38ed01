from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels_yjs", "0002_edits")]

    operations = [
        migrations.AddField("document", "followed", models.PositiveBigIntegerField(default=0, editable=False)),
    ]
