"""Rotations: who is on call for a role, and when. `turns.py` counts; here is what it counts from."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from hikeshi.desk.accounts.models import Contact


class Rotation(models.Model):
    """Who is on call for `duty`. Of several rotations for one duty, lower levels are asked first.

    `calendar` is one of clocks.calendars: its holidays are shown beside the rota, they change nothing. A retired one stays.
    """

    name = models.CharField(max_length=80)
    duty = models.CharField(max_length=30)
    level = models.PositiveSmallIntegerField(default=1)
    calendar = models.CharField(max_length=40, blank=True, default="")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("duty", "level", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("name",), condition=models.Q(retired_at__isnull=True), name="one_rotation_per_name"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Part(models.Model):
    """Members who take turns of `days` days, handing over at `at` on the wall clock of `time_zone`, counted from `since`.

    `begin` and `end` limit it to hours of the day; parts with hours in several zones follow the sun.
    """

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="parts")
    place = models.PositiveSmallIntegerField(default=1)
    time_zone = models.CharField(max_length=60)
    since = models.DateField()
    at = models.TimeField()
    days = models.PositiveSmallIntegerField(default=7)
    begin = models.TimeField(null=True, blank=True)
    end = models.TimeField(null=True, blank=True)

    class Meta:
        ordering = ("rotation", "place", "pk")

    def __str__(self) -> str:
        return f"{self.rotation} {self.place}"


class Member(models.Model):
    """One of those who take turns in a part, in the order of `place`."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="members")
    place = models.PositiveSmallIntegerField()
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="turns")

    class Meta:
        ordering = ("part", "place")

    def __str__(self) -> str:
        return str(self.contact)


class Override(models.Model):
    """Somebody is on from `start` to `end` in place of whoever would be, or only of `covers`. One taken back stays."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="overrides")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="overrides")
    covers = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="covered")
    start = models.DateTimeField()
    end = models.DateTimeField()
    reason = models.CharField(max_length=500)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("made_at", "pk")
        constraints = (
            models.CheckConstraint(condition=models.Q(start__lt=models.F("end")), name="override_ends_after_it_starts"),
        )

    def __str__(self) -> str:
        return f"{self.rotation}: {self.contact}"


SOURCES = (("ical", "iCalendar"), ("opsgenie", "Opsgenie"), ("pagerduty", "PagerDuty"), ("other", _("other")))


class FixedShift(models.Model):
    """A shift as another system had it. Taking the same source in again replaces those of the rotation that lie ahead."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="fixed")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="fixed_shifts")
    start = models.DateTimeField(db_index=True)
    end = models.DateTimeField()
    source = models.CharField(max_length=10, choices=SOURCES)

    class Meta:
        ordering = ("start", "pk")
        constraints = (
            models.CheckConstraint(condition=models.Q(start__lt=models.F("end")), name="shift_ends_after_it_starts"),
        )

    def __str__(self) -> str:
        return f"{self.rotation}: {self.contact}"
