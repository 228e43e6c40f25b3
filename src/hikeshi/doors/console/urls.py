"""The console's addresses, in the order of the story."""

from __future__ import annotations

from django.urls import path

from hikeshi.doors.console import (
    alerts,
    audit,
    board,
    declare,
    evidence,
    incidents,
    me,
    reports,
    room,
    signin,
    step,
    steps,
    timeline,
)

urlpatterns = [
    path("", board.board, name="board"),
    path("alerts/", alerts.queue, name="alerts"),
    path("alerts/deliveries/<int:pk>/payload/", alerts.payload, name="payload"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
    path("declare/", declare.declare, name="declare"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<str:name>/", room.room, name="room"),
    path("incidents/<str:name>/act/<str:act>/", room.act, name="room_act"),
    path("incidents/<str:name>/steps/", steps.steps, name="steps"),
    path("incidents/<str:name>/steps/start/", steps.start, name="start_playbook"),
    path("incidents/<str:name>/steps/<int:pk>/", step.step, name="step"),
    path("incidents/<str:name>/steps/<int:pk>/<str:act>/", step.act, name="step_act"),
    path("incidents/<str:name>/evidence/", evidence.locker, name="evidence"),
    path("incidents/<str:name>/evidence/<str:item>/", evidence.item, name="item"),
    path("incidents/<str:name>/evidence/<str:item>/download/", evidence.download, name="item_download"),
    path("incidents/<str:name>/evidence/<str:item>/verify/", evidence.verify, name="item_verify"),
    path("incidents/<str:name>/timeline/", timeline.timeline, name="timeline"),
    path("incidents/<str:name>/timeline/ask/", timeline.ask, name="timeline_ask"),
    path("incidents/<str:name>/timeline/detect/", timeline.detect, name="timeline_detect"),
    path("incidents/<str:name>/timeline/mark/", timeline.mark, name="timeline_mark"),
    path("incidents/<str:name>/timeline/unmark/", timeline.unmark, name="timeline_unmark"),
    path("incidents/<str:name>/reports/", reports.reports, name="reports"),
    path("incidents/<str:name>/reports/<int:pk>/", reports.report, name="report"),
    path("incidents/<str:name>/reports/<int:pk>/markdown/", reports.markdown, name="report_markdown"),
    path("audit/", audit.chains, name="audit"),
    path("audit/<str:name>/", audit.chain, name="chain"),
    path("me/", me.me, name="me"),
    path("me/tokens/", me.issue_token, name="issue_token"),
    path("me/tokens/<int:pk>/revoke/", me.revoke_token, name="revoke_token"),
    path("prefer/", me.prefer, name="prefer"),
    path("invite/<str:secret>/", signin.invite, name="invite"),
    path("welcome/", signin.welcome, name="welcome"),
]
