"""Stages of the actions in `actions/aws/identity/`."""

from __future__ import annotations

from actions.stages.stage import Stages

STAGES: Stages = {}
