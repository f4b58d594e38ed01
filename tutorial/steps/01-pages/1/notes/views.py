from django.http import HttpRequest, HttpResponse


def list_notes(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Here will be all notes.")


def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(f"Here will be note {pk}.")
