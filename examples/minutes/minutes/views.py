from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render


@login_required
def meetings(request: HttpRequest) -> HttpResponse:
    return render(request, "minutes/meetings.html", {"meetings": request.user.meetings.order_by("subject")})


@login_required
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "minutes/meeting.html", {"meeting": get_object_or_404(request.user.meetings, pk=pk)})
