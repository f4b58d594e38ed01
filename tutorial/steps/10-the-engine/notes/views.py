from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from .forms import NoteForm, SearchForm
from .models import Note

NOTES_PER_PAGE = 50
EXCERPT_LENGTH = 240


def list_notes(request: HttpRequest) -> HttpResponse:
    search = SearchForm(request.GET)
    words = search.cleaned_data["q"] if search.is_valid() else ""
    notes = Note.objects.defer("text").annotate(excerpt=Substr("text", 1, EXCERPT_LENGTH))
    if words:
        notes = notes.filter(Q(title__icontains=words) | Q(text__icontains=words))
    page = Paginator(notes, NOTES_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "words": words, "search": search, "form": NoteForm()}
    return render(request, "notes/list.html", context)


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"No note was created. {form.errors['title'][0]}")
        return redirect("notes:list")
    return redirect(form.save())


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    note = Note.objects.filter(pk=pk).first()
    if note is None:
        return not_found(request, pk)
    return render(request, "notes/detail.html", {"note": note})


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
