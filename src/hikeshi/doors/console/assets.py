"""The asset register: what there is to protect, whose it is, and many at once from a file or the cloud, shown before it is written."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.assets import csv_rows, imports, verbs
from hikeshi.desk.assets.aws_rows import TagKeys
from hikeshi.desk.assets.imports import Preview
from hikeshi.desk.assets.models import CRITICALITIES, ENVIRONMENTS, Asset
from hikeshi.doors import assets as plain
from hikeshi.doors.console.visit import actor, attempt, done, page
from hikeshi.errors import HikeshiError, Refused

PER_PAGE = 50
CARRIED = 1024 * 1024
"""Bytes of a file that the preview's form carries on; a larger one is chosen again."""
SHOWN = 50


@require_safe
def assets(request: HttpRequest) -> HttpResponse:
    """`?search=` a word, `?retired=1`, `?page=` from 1."""
    return _list(request)


def _list(request: HttpRequest, problem: HikeshiError | None = None) -> HttpResponse:
    search, retired = request.GET.get("search", "").strip()[:200], bool(request.GET.get("retired"))
    number = int(text) if (text := request.GET.get("page", "1")).isdecimal() and 0 < len(text) < 6 else 1
    rows = plain.rows_of(actor(request), search, retired=retired)
    start = (max(number, 1) - 1) * PER_PAGE
    shown = list(rows[start : start + PER_PAGE + 1])
    context = {
        "assets": shown[:PER_PAGE], "search": search, "retired": retired, "count": rows.count(),
        "next": number + 1 if len(shown) > PER_PAGE else None, **_choices(),
    }  # fmt: skip
    return page(request, "console/assets.html", context, problem=problem)


@require_safe
def asset(request: HttpRequest, pk: int) -> HttpResponse:
    return _one(request, pk)


def _one(request: HttpRequest, pk: int, problem: HikeshiError | None = None) -> HttpResponse:
    who = actor(request)
    require(who, "triage")
    row = get_object_or_404(Asset.objects.select_related("owner"), pk=pk)
    context = {
        "asset": row, "groups": plain.groups_of(row)[:SHOWN], "incidents": plain.incidents_of(row, who)[:SHOWN],
        "seen": row.updated_at.isoformat(), **_choices(),
    }  # fmt: skip
    return page(request, "console/asset.html", context, problem=problem)


def _choices() -> dict[str, Any]:
    return {"criticalities": CRITICALITIES, "environments": ENVIRONMENTS, "data_words": verbs.DATA}


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    who = actor(request)
    made: list[Asset] = []
    identifier = request.POST.get("identifier", "")
    problem = attempt(lambda: made.append(verbs.add(identifier, actor=who, **_typed(request))))
    if problem is not None:
        return _list(request, problem)
    return done(request, _("%(asset)s is on the register.") % {"asset": made[0].identifier}, "asset", made[0].pk)


@require_POST
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Change or retire one asset."""
    who = actor(request)
    require(who, "triage")
    row = get_object_or_404(Asset, pk=pk)
    if act == "change":
        problem = attempt(lambda: verbs.change(row, actor=who, seen=_seen(request), **_typed(request)))
        said = _("Saved.")
    elif act == "retire":
        problem = attempt(lambda: verbs.retire(row, actor=who, reason=request.POST.get("reason", "")))
        said = _("Retired: alerts do not find it any more.")
    else:
        raise Http404
    return _one(request, pk, problem) if problem else done(request, said, "asset", pk)


def _seen(request: HttpRequest) -> datetime:
    try:
        return datetime.fromisoformat(request.POST.get("seen", ""))
    except ValueError as problem:
        raise Refused("The form does not say which state it was opened on.", hint="Reload the page.") from problem


def _typed(request: HttpRequest) -> dict[str, Any]:
    typed = request.POST
    grade = typed.get("criticality", "")
    return {
        "name": typed.get("name", "").strip(), "owner_name": typed.get("owner", "").strip(),
        "criticality": int(grade) if grade in {"1", "2", "3", "4"} else 3, "environment": typed.get("environment", ""),
        "data": typed.getlist("data"), "account": typed.get("account", "").strip(),
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def take_in(request: HttpRequest) -> HttpResponse:
    """Many at once. The first POST shows what would change, the second, with `write`, does it."""
    who = actor(request)
    require(who, "triage")
    if request.method != "POST":
        return page(request, "console/asset_import.html", {})
    write, cloud = bool(request.POST.get("write")), request.POST.get("source") == "aws"
    shown: list[tuple[Preview, list[str]]] = []
    content = b"" if cloud else _content(request)

    def look() -> None:
        if cloud:
            rows, left_out, digest = plain.cloud_rows("", TagKeys()), [], ""
        else:
            table, digest = plain.csv_table(content, "assets.csv")
            rows, left_out = table.rows, table.left_out
        source = "aws" if cloud else "csv"
        if write:
            shown.append((imports.take_in(rows, actor=who, source=source, file_sha256=digest), left_out))
        else:
            shown.append((imports.preview(rows, actor=who, source=source), left_out))

    problem = attempt(look)
    if problem is not None:
        return page(request, "console/asset_import.html", {}, problem=problem)
    preview, left_out = shown[0]
    if write and not preview.bad:
        counts = {"new": len(preview.new), "changed": len(preview.changed)}
        return done(request, _("Imported: %(new)s new, %(changed)s changed.") % counts, "assets")
    context = {
        "preview": preview, "written": write, "left_out": left_out, "cloud": cloud,
        "new": preview.new[:SHOWN], "changed": preview.changed[:SHOWN], "bad": preview.bad[:SHOWN],
        "carried": base64.b64encode(content).decode() if 0 < len(content) <= CARRIED else "",
    }  # fmt: skip
    return page(request, "console/asset_import.html", context)


def _content(request: HttpRequest) -> bytes:
    """The file that was chosen, or the one the preview has carried on."""
    upload = request.FILES.get("file")
    if isinstance(upload, UploadedFile):
        return bytes(upload.read(csv_rows.LIMIT + 1))
    try:
        return base64.b64decode(request.POST.get("carried", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""
