from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from .models import TITLE_MAX_LENGTH, Note


def list_notes(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Here will be all notes.")


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    note = Note.objects.get(pk=pk)
    if request.method != "POST":
        return render(request, "notes/detail.html", {"note": note})
    note.title = request.POST.get("title", "")[:TITLE_MAX_LENGTH]
    note.text = request.POST.get("text", "").replace("\r\n", "\n")
    note.updated_at = timezone.now()
    note.save()
    return redirect(note)
