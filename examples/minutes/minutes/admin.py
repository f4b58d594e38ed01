from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from channels_yjs.access import recheck

from .models import Meeting


@admin.register(Meeting)
class MeetingAdmin(admin.ModelAdmin):
    fields = ["subject", "owner", "members", "readers", "minutes"]
    readonly_fields = ["minutes"]  # they are written together, on their page
    filter_horizontal = ["members", "readers"]

    def save_related(self, request: HttpRequest, form: Any, *args: Any) -> None:
        super().save_related(request, form, *args)
        recheck(form.instance)  # those who are connected are asked again, after the commit
