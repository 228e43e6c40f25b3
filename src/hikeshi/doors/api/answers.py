"""How errors are answered: once, from the error tree, always as JSON with `error` and `hint`, never as a redirect or a page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError as WrongInput

from hikeshi.doors.find import NotThere
from hikeshi.errors import Conflict, Failed, HikeshiError, Refused, Unreadable

log = logging.getLogger(__name__)


def answer(status: int, error: str, hint: str = "", **more: Any) -> HttpResponse:
    body = msgspec.json.encode({"error": error, "hint": hint, **more})
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8")


def unauthorised() -> HttpResponse:
    """Unknown, expired and revoked tokens are answered alike."""
    response = answer(
        401,
        "No valid API token was sent.",
        "Send the header `Authorization: Bearer <token>`; `hikeshi token issue` makes one.",
    )
    response["WWW-Authenticate"] = 'Bearer realm="hikeshi"'
    return response


def not_found() -> HttpResponse:
    return answer(404, "There is nothing at this address.", "/api/v1/openapi.json lists the addresses.")


def of_hikeshi(request: HttpRequest, problem: HikeshiError) -> HttpResponse:
    del request
    more = _both_texts(problem) if isinstance(problem, Conflict) else {}
    return answer(_status(problem), problem.message, problem.hint, **more)


def _both_texts(problem: Conflict) -> dict[str, Any]:
    """What is saved now; of fields of a row also the version to name when trying again, and each field's three texts."""
    if not problem.differences:
        return {"current": problem.current}
    texts = [{"field": one.field, "base": one.base, "saved": one.saved, "own": one.own} for one in problem.differences]
    return {"current": problem.current, "version": problem.version, "differences": texts}


def _status(problem: HikeshiError) -> int:
    if isinstance(problem, NotThere):
        return 404
    if isinstance(problem, Conflict):
        return 409
    if isinstance(problem, Refused):
        return 403
    if isinstance(problem, Unreadable):
        return 422
    return 502 if isinstance(problem, Failed) and problem.permanent else 503


def of_fields(request: HttpRequest, problem: ValidationError) -> HttpResponse:
    """A verb's full_clean said no."""
    del request
    fields = problem.message_dict if hasattr(problem, "error_dict") else {"": problem.messages}
    named = ", ".join(name for name in fields if name) or "the input"
    return answer(422, f"Not accepted: {named}.", " ".join(problem.messages), fields=fields)


def of_input(request: HttpRequest, problem: WrongInput) -> HttpResponse:
    """The request does not fit the schema of the endpoint."""
    del request
    fields: dict[str, list[str]] = {}
    for error in problem.errors:
        fields.setdefault(".".join(map(str, error["loc"])), []).append(str(error["msg"]))
    hint = " ".join(f"{name}: {'; '.join(said)}" for name, said in fields.items())
    return answer(422, "The request is not understood.", hint, fields=fields)


def of_http(request: HttpRequest, problem: HttpError) -> HttpResponse:
    del request
    hint = "Send JSON in UTF-8 that fits /api/v1/openapi.json." if problem.status_code == 400 else ""
    return answer(problem.status_code, str(problem), hint)


def of_bug(request: HttpRequest, problem: Exception) -> HttpResponse:
    """The HTTP boundary: a fault of ours is logged here in full and told outside without its inside."""
    log.error("%s %s failed", request.method, request.path, exc_info=problem)
    return answer(
        500, "Hikeshi failed at this.", "It is a fault in Hikeshi; its log says more. Nothing was half-written."
    )


ANSWERS: Final[dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]]] = {
    AuthenticationError: lambda _request, _problem: unauthorised(),
    Exception: of_bug,
    HikeshiError: of_hikeshi,
    Http404: lambda _request, _problem: not_found(),
    HttpError: of_http,
    RequestDataTooBig: lambda _request, _problem: answer(
        413, "The body is too large.", "An alert may have 1 MiB; evidence is uploaded as a file."
    ),
    ValidationError: of_fields,
    WrongInput: of_input,
}
"""Every kind of error and how it is answered; the nearest kind in an error's own tree wins."""
