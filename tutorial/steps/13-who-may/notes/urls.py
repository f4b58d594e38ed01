from django.urls import path

from . import views

app_name = "notes"
urlpatterns = [
    path("", views.list_notes, name="list"),
    path("notes/", views.create, name="create"),
    path("notes/<int:pk>/", views.detail, name="detail"),
    path("notes/<int:pk>/side-by-side/", views.side_by_side, name="side_by_side"),
    path("notes/<int:pk>/share/", views.share, name="share"),
    path("notes/<int:pk>/delete/", views.delete, name="delete"),
]
