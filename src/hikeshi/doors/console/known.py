"""What is known beside a group of alerts: whose it is, what of the past looks like it, what enrichers say of what it names."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from hikeshi.desk.assets.register import matching
from hikeshi.desk.incidents.enrichment import ENRICHERS, verbs
from hikeshi.desk.incidents.enrichment.verbs import Answer
from hikeshi.doors import find, similar
from hikeshi.doors.console.visit import actor, attempt, page
from hikeshi.doors.enrich import worth_showing
from hikeshi.doors.find import NotThere
from hikeshi.signals.signal import Observable

MARKINGS = (
    ("red", _("PAP:RED: nothing leaves us")),
    ("amber", _("PAP:AMBER: nothing is asked outside")),
    ("green", _("PAP:GREEN: a service outside may be asked")),
    ("clear", _("PAP:CLEAR: everything")),
)


@require_http_methods(["GET", "HEAD", "POST"])
def known(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; a POST asks the enrichers, with the marking chosen."""
    who = actor(request)
    try:
        group = find.group(who, str(pk))
    except NotThere as problem:
        raise Http404 from problem
    pap, answers = request.POST.get("pap", verbs.USUAL), list[Answer]()
    failed = (
        attempt(lambda: answers.extend(verbs.enrich(group, actor=who, pap=pap))) if request.method == "POST" else None
    )
    things = list(group.observables.all()[: verbs.MOST])
    context = {
        "group": group, "things": things, "assets": matching([Observable(one.kind, one.value) for one in things]),  # type: ignore[arg-type]
        "similar": similar.to_group(group, who), "markings": MARKINGS, "pap": pap, "asked": request.method == "POST",
        "answers": [(one, ENRICHERS[one.enricher].title) for one in worth_showing(answers)], "ceiling": verbs.ceiling(group),
    }  # fmt: skip
    return page(request, "console/known.html", context, problem=failed)
