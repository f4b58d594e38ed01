from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .models import Note


def list_notes(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Here will be all notes.")


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    note = Note.objects.get(pk=pk)
    return render(request, "notes/detail.html", {"note": note})
