from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from channels_yjs.access import recheck

from .models import Meeting


@login_required
def meetings(request: HttpRequest) -> HttpResponse:
    return render(request, "minutes/meetings.html", {"meetings": Meeting.of(request.user).order_by("subject")})


def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    meeting = get_object_or_404(Meeting, pk=pk)
    guest = request.GET.get("guest", "")
    if meeting.access_of(request.user, guest) is None:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise Http404
    return render(request, "minutes/meeting.html", {"meeting": meeting, "guest": guest})


@require_POST
@login_required
def change_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Its owner makes somebody a member or a reader of a meeting, or removes them."""
    meeting = get_object_or_404(Meeting, pk=pk, owner=request.user)
    person = get_object_or_404(get_user_model(), username=request.POST.get("name"))
    with transaction.atomic():
        meeting.members.remove(person)
        meeting.readers.remove(person)
        if request.POST.get("role") == "member":
            meeting.members.add(person)
        elif request.POST.get("role") == "reader":
            meeting.readers.add(person)
        recheck(meeting)  # those who are connected are asked again, after the commit
    return redirect("meeting", pk=pk)
