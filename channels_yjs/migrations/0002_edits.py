from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels_yjs", "0001_initial")]

    operations = [
        migrations.AddField("document", "begun", models.JSONField(editable=False, null=True)),
        migrations.AddField("document", "checksum", models.PositiveBigIntegerField(editable=False, null=True)),
        migrations.AddField("update", "authors", models.JSONField(null=True)),
    ]
