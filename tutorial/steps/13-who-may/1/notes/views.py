from collections.abc import Iterator
from itertools import groupby

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from channels_yjs.checks import are_browser_libraries_built

from .forms import NoteForm, SearchForm
from .models import Note, notes_of

NOTES_PER_PAGE = 50
EXCERPT_LENGTH = 240
# A browser lays out a line of `unicode-bidi: plaintext` in time that grows with the square of its length. Up to this
# length nobody notices; a megabyte without a break takes half a minute.
LONG_LINE = 10_000
PEOPLE = ["Ada", "Grace", "Alan", "Katherine"]  # in the demo each pane has a person
FEWEST_PANES = 2


@never_cache
@require_safe
def list_notes(request: HttpRequest) -> HttpResponse:
    search = SearchForm(request.GET)
    words = search.cleaned_data["q"] if search.is_valid() else ""
    notes = notes_of(request.user).defer("text").annotate(excerpt=Substr("text", 1, EXCERPT_LENGTH))
    if words:
        notes = notes.filter(Q(title__in_any_case=words) | Q(text__in_any_case=words))
    page = Paginator(notes, NOTES_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "words": words, "search": search, "form": NoteForm()}
    return render(request, "notes/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return redirect("notes:list")  # somebody shortened the address of a note
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"No note was created. {form.errors['title'][0]}")
        return redirect("notes:list")
    form.instance.owner_id = request.user.pk
    return redirect(form.save())


@never_cache
@require_safe
@xframe_options_sameorigin
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    note = Note.objects.filter(pk=pk).first()
    if note is None:
        return not_found(request, pk)
    context = {
        "note": note,
        "blocks": split_long_lines(note.text),
        "is_pane": "pane" in request.GET,
        "are_libraries_built": are_browser_libraries_built(),
    }
    return render(request, "notes/detail.html", context)


def split_long_lines(text: str) -> Iterator[tuple[str, bool]]:
    """The text in blocks, and whether a block is a single long line. All other lines stay together."""
    for is_long, lines in groupby(text.split("\n"), key=lambda line: len(line) > LONG_LINE):
        if is_long:
            yield from ((line, True) for line in lines)
        else:
            yield "\n".join(lines), False


@require_safe
def side_by_side(request: HttpRequest, pk: int) -> HttpResponse:
    note = Note.objects.defer("text").filter(pk=pk).first()
    if note is None:
        return not_found(request, pk)
    numbers = range(FEWEST_PANES, len(PEOPLE) + 1)
    wanted = request.GET.get("panes", "")
    panes = int(wanted) if wanted in map(str, numbers) else FEWEST_PANES
    context = {"note": note, "people": PEOPLE[:panes], "numbers": numbers, "panes": panes}
    return render(request, "notes/side_by_side.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
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
