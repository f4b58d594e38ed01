from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from .forms import NoteForm
from .models import TITLE_MAX_LENGTH, Note

NOTES_PER_PAGE = 50
EXCERPT_LENGTH = 240


def list_notes(request: HttpRequest) -> HttpResponse:
    notes = Note.objects.defer("text").annotate(excerpt=Substr("text", 1, EXCERPT_LENGTH))
    page = Paginator(notes, NOTES_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "notes/list.html", {"page": page, "form": NoteForm()})


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    form = NoteForm(request.POST)
    return redirect(form.save() if form.is_valid() else "notes:list")


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    note = Note.objects.filter(pk=pk).first()
    if note is None:
        return not_found(request, pk)
    if request.method != "POST":
        return render(request, "notes/detail.html", {"note": note})
    note.title = request.POST.get("title", "")[:TITLE_MAX_LENGTH]
    note.text = request.POST.get("text", "").replace("\r\n", "\n")
    note.updated_at = timezone.now()
    note.save()
    return redirect(note)


def delete(request: HttpRequest, pk: int) -> HttpResponse:
    note = Note.objects.defer("text").filter(pk=pk).first()
    if note is None:
        return not_found(request, pk)
    if request.method != "POST":
        return render(request, "notes/delete.html", {"note": note})
    note.delete()
    messages.success(request, f"“{note}” was deleted.")
    return redirect("notes:list")


def not_found(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "notes/not_found.html", {"number": pk}, status=404)
