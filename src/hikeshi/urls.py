"""Where each door hangs."""

from __future__ import annotations

from django.urls import include, path

from hikeshi.doors.api import api
from hikeshi.doors.console import signin, urls as console

urlpatterns = [
    # Nobody signs up by themselves, and no mail is sent from here: allauth's pages for both are answered by one page of ours.
    path("accounts/email/", signin.ask_for_link),
    path("accounts/password/reset/", signin.ask_for_link),
    path("accounts/signup/", signin.ask_for_link),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("", include(console)),
]
