"""Stages of the actions in `actions/aws/instance/`."""

from __future__ import annotations

from actions.stages.stage import Stages

STAGES: Stages = {}
