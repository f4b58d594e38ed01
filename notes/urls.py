from django.urls import path

from .health import healthz

app_name = "notes"
urlpatterns = [path("healthz", healthz, name="healthz")]
