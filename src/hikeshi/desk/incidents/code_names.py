"""Names for incidents whose title must not be said aloud: birds of Japan, which say nothing of what happened."""

from __future__ import annotations

import secrets
from typing import Final

from hikeshi.desk.incidents.models import Incident

BIRDS: Final[dict[str, str]] = {
    "AHODORI": "信天翁", "AKAGERA": "赤啄木鳥", "AMATSUBAME": "雨燕", "AOBATO": "緑鳩", "AOJI": "青鵐", "AOSAGI": "青鷺",
    "ATORI": "花鶏", "BAN": "鷭", "CHIDORI": "千鳥", "CHOGENBO": "長元坊", "DAISAGI": "大鷺", "ENAGA": "柄長",
    "FUKURO": "梟", "GAN": "雁", "HAITAKA": "鷂", "HAKUCHO": "白鳥", "HAYABUSA": "隼", "HIBARI": "雲雀",
    "HIWA": "鶸", "HIYODORI": "鵯", "HOJIRO": "頬白", "HOTOTOGISU": "時鳥", "IKARU": "斑鳩", "ISUKA": "交喙",
    "IWATSUBAME": "岩燕", "JOBITAKI": "尉鶲", "KAITSUBURI": "鳰", "KAKESU": "懸巣", "KAKKO": "郭公", "KAMOME": "鷗",
"KARASU": "烏", "KAWASEMI": "翡翠", "KAYAKUGURI": "茅潜", "KIJI": "雉", "KIKUITADAKI": "菊戴",
    "KOGERA": "小啄木鳥", "KOJUKEI": "小綬鶏", "KONOTORI": "鸛", "KUINA": "水鶏", "MAGAMO": "真鴨",
    "MEJIRO": "目白", "MISAGO": "鶚", "MISOSAZAI": "鷦鷯", "MOZU": "百舌", "MUKUDORI": "椋鳥", "NOBITAKI": "野鶲",
    "NOSURI": "鵟", "OJIRO": "尾白", "ONAGA": "尾長", "OORURI": "大瑠璃", "OSHIDORI": "鴛鴦", "RAICHO": "雷鳥",
    "RURIBITAKI": "瑠璃鶲", "SAGI": "鷺", "SEKIREI": "鶺鴒", "SHIGI": "鷸", "SHIJUKARA": "四十雀", "SUZUME": "雀",
    "TANCHO": "丹頂", "TOBI": "鳶", "TOKI": "朱鷺", "TSUBAME": "燕", "TSUGUMI": "鶫", "TSURU": "鶴",
    "UGUISU": "鶯", "UMIU": "海鵜", "UZURA": "鶉", "YAMAGARA": "山雀", "YOTAKA": "夜鷹", "YURIKAMOME": "百合鷗",
}  # fmt: skip
"""In Latin letters, as it is spoken on a telephone, and in kanji."""


def used() -> set[str]:
    """The code names of the incidents that are not closed."""
    open_ones = Incident.objects.exclude(status__in=("closed", "merged")).exclude(code_name="")
    return set(open_ones.values_list("code_name", flat=True))


def propose() -> str:
    """A name that no open incident has, chosen by chance so that it tells nothing of the order; numbered where all are taken."""
    taken = used()
    free = [name for name in BIRDS if name not in taken]
    if free:
        return secrets.choice(free)
    return next(name for number in range(2, 1000) for bird in BIRDS if (name := f"{bird} {number}") not in taken)
