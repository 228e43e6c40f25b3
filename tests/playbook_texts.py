"""A small playbook of one's own that lint finds nothing wrong with."""

from __future__ import annotations

OWN = """\
# A lost telephone.
name: lost-telephone
version: 1
severity: SEV-4
title:
  en: Lost telephone
  ja: 電話機の紛失
summary:
  en: A telephone of ours is lost.
  ja: 社用の電話機が紛失しました。
steps:
  - key: "1.1"  # first of all
    phase: detection_analysis
    kind: manual
    role: responder
    title:
      en: Ask when it was last seen
      ja: 最後に確認した日時を聞く
    text:
      en: Write down who had it and where.
      ja: 誰がどこで持っていたかを記録します。
"""
