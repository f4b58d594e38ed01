from django.contrib import admin

from .models import Meeting


@admin.register(Meeting)
class MeetingAdmin(admin.ModelAdmin):
    fields = ["subject", "owner", "members", "readers", "minutes"]
    readonly_fields = ["minutes"]  # they are written together, on their page
    filter_horizontal = ["members", "readers"]
