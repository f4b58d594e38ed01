import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("notes", "0006_documents"),
    ]

    operations = [
        migrations.AddField(
            "note",
            "owner",
            models.ForeignKey(blank=True, null=True, on_delete=CASCADE, to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            "Share",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("may_write", models.BooleanField(default=False)),
                ("note", models.ForeignKey("notes.note", CASCADE, related_name="shares")),
                ("user", models.ForeignKey(settings.AUTH_USER_MODEL, CASCADE)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("note", "user"), name="one_share_each")],
            },
        ),
    ]
