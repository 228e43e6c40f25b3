"""What people know that decides which duties may apply and whom to call in: of the incident, and of the house itself.

Every question is a statement that is true ("yes"), not true ("no"), or not known yet ("unknown"). What is not known never passes as no.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from hikeshi.text import Text

Answer = Literal["yes", "no", "unknown"]
Topic = Literal["cause", "data", "house", "place", "service"]
Verdict = Literal["may_apply", "open", "no"]

TOPICS: Final[dict[str, Text]] = {
    "data": Text("Data", "データ"),
    "cause": Text("Cause and harm", "原因と被害"),
    "service": Text("Service and public", "サービスと社外"),
    "place": Text("Where the persons are", "本人の所在"),
    "house": Text("What we are", "自組織の立場"),
}


class Question(msgspec.Struct, frozen=True):
    """One fact. `house` facts are said once for the organisation and hold for every incident until one says otherwise."""

    topic: Topic
    text: Text


def _ask(topic: Topic, en: str, ja: str) -> Question:
    return Question(topic, Text(en, ja))


FACTS: Final[dict[str, Question]] = {
    "bank_us": _ask("house", "Banking organisation in the US", "米国の銀行"),
    "bank_us_provider": _ask("house", "Service provider to US banks", "米国の銀行へのサービス提供者"),
    "card_data": _ask("data", "Payment card data may be compromised", "カード情報が侵害されたおそれがある"),
    "cer_entity": _ask("house", "Critical entity under CER", "CER 指令の重要事業体"),
    "ci_cn": _ask("house", "Critical information infrastructure in China", "中国の重要情報インフラ運営者"),
    "ci_hk": _ask("house", "Critical infrastructure in Hong Kong", "香港の重要インフラ運営者"),
    "ci_sg": _ask("house", "Critical information infrastructure in Singapore", "シンガポールの重要情報インフラ所有者"),
    "contract_clause": _ask("house", "A contract asks us to notify somebody", "通知を求める契約がある"),
    "corporate_group": _ask("house", "A parent, group or certification body wants to know", "親会社・グループ・認証機関への報告がある"),
    "cra_maker": _ask("house", "Maker of products with digital elements (EU)", "デジタル要素を備えた製品の製造者(EU)"),
    "dod_contractor": _ask("house", "Contractor of the US Department of Defense", "米国防総省の契約事業者"),
    "dora_entity": _ask("house", "Financial entity under DORA", "DORA の金融事業体"),
    "encrypted_safe": _ask("data", "All of it was strongly encrypted and the key is safe", "すべて高度に暗号化され鍵も安全である"),
    "financial_harm": _ask("data", "It could be used to cause financial harm", "財産的被害が生じるおそれがある"),
    "foreign_issuer": _ask("house", "Foreign private issuer in the US", "米国の外国民間発行者"),
    "fsa_institution": _ask("house", "Financial institution under the FSA (Japan)", "金融庁の監督下にある金融機関"),
    "ftc_institution": _ask("house", "Non-bank financial institution (FTC)", "米国の銀行以外の金融機関(FTC)"),
    "health_data_us": _ask("data", "Protected health information of US patients", "米国の医療情報(PHI)が関係する"),
    "hipaa_associate": _ask("house", "Business associate under HIPAA", "HIPAA の業務提携者"),
    "hipaa_entity": _ask("house", "Covered entity under HIPAA", "HIPAA の対象事業者"),
    "infrastructure_au": _ask("house", "Critical infrastructure in Australia", "オーストラリアの重要インフラ"),
    "infrastructure_ch": _ask("house", "Critical infrastructure or authority in Switzerland", "スイスの重要インフラまたは官公庁"),
    "infrastructure_jp": _ask("house", "Special social infrastructure operator (Japan)", "特別社会基盤事業者"),
    "infrastructure_us": _ask("house", "Critical infrastructure in the US", "米国の重要インフラ"),
    "insider": _ask("cause", "Somebody of our own may be behind it", "内部者の関与のおそれがある"),
    "insured": _ask("house", "A cyber insurance asks for notice", "サイバー保険に通知条項がある"),
    "likely_harm": _ask("data", "Serious harm to the persons is likely", "本人に重大な被害が及ぶおそれが高い"),
    "listed_jp": _ask("house", "Listed in Japan", "国内の上場会社"),
    "listed_us": _ask("house", "SEC registrant", "米国の SEC 登録会社"),
    "many_persons": _ask("data", "More than 1,000 persons", "本人の数が1,000人を超える"),
    "my_number": _ask("data", "Specific personal information (My Number)", "特定個人情報(マイナンバー)を含む"),
    "nis2_entity": _ask("house", "Essential or important entity under NIS2", "NIS2 指令の主要・重要事業体"),
    "nydfs_entity": _ask("house", "Covered entity of the New York DFS", "ニューヨーク州金融サービス局の対象事業者"),
    "oes_uk": _ask("house", "Operator of an essential service, or digital service provider (UK)", "英国の基幹サービス運営者・デジタルサービス提供者"),
    "personal_data": _ask("data", "Personal data is involved, or may be", "個人データが関係する(おそれを含む)"),
    "persons_au": _ask("place", "Australia", "オーストラリア"),
    "persons_br": _ask("place", "Brazil", "ブラジル"),
    "persons_ca": _ask("place", "Canada", "カナダ"),
    "persons_ch": _ask("place", "Switzerland", "スイス"),
    "persons_cn": _ask("place", "China", "中国"),
    "persons_eu": _ask("place", "EU or EEA", "EU・EEA"),
    "persons_hk": _ask("place", "Hong Kong", "香港"),
    "persons_id": _ask("place", "Indonesia", "インドネシア"),
    "persons_in": _ask("place", "India", "インド"),
    "persons_jp": _ask("place", "Japan", "日本"),
    "persons_kr": _ask("place", "South Korea", "韓国"),
    "persons_sg": _ask("place", "Singapore", "シンガポール"),
    "persons_tw": _ask("place", "Taiwan", "台湾"),
    "persons_uk": _ask("place", "United Kingdom", "英国"),
    "persons_us": _ask("place", "United States", "米国"),
    "persons_us_ca": _ask("place", "California", "カリフォルニア州"),
    "persons_us_tx": _ask("place", "Texas", "テキサス州"),
    "processor": _ask("data", "We hold it for somebody else, as their processor", "委託を受けて取り扱うデータである"),
    "product_affected": _ask("service", "A product of ours is attacked, or its security affected", "自社製品が攻撃を受けた、または安全性に影響がある"),
    "prudential_au": _ask("house", "APRA-regulated entity", "APRA の規制対象事業者"),
    "public": _ask("service", "Outsiders or the media know, or will", "社外・報道機関に知られている、または知られる見込み"),
    "ransom_paid": _ask("cause", "A ransom or extortion payment was made", "身代金等を支払った"),
    "secrecy_of_communications": _ask("data", "Secrecy of communications, or designated user information", "通信の秘密または特定利用者情報が関係する"),
    "service_disrupted": _ask("service", "A service stopped or got worse", "サービスの停止・低下がある"),
    "special_care": _ask("data", "Special-care data: health, beliefs, crime and the like", "要配慮個人情報を含む"),
    "telecom_jp": _ask("house", "Telecommunications carrier (Japan)", "電気通信事業者"),
    "telecom_uk": _ask("house", "Public electronic communications (UK)", "英国の公衆電気通信事業者"),
    "wrongful_purpose": _ask("cause", "A wrongful purpose is possible: intrusion, theft, removal", "不正の目的のおそれがある(不正アクセス・窃取・持ち出し)"),
}  # fmt: skip
"""By key, alphabetical."""


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The facts under which a duty may apply: all of these, at least one of those, none of the last."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [key for key in self.keys if key not in FACTS]
        if unknown:
            # msgspec turns this into a validation error that carries the place.
            raise ValueError(f"`when` names {unknown[0]}, which is no fact; see `hikeshi clocks facts`")

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.all, *self.any, *self.none)


def judge(when: When, known: Mapping[str, str]) -> tuple[Verdict, tuple[str, ...]]:
    """Whether a duty may apply, and which questions are still open for saying so. An answer that is missing is unknown."""

    def said(key: str) -> str:
        return known.get(key, "unknown")

    if any(said(key) == "no" for key in when.all) or any(said(key) == "yes" for key in when.none):
        return "no", ()
    if when.any and all(said(key) == "no" for key in when.any):
        return "no", ()
    missing = [key for key in (*when.all, *when.none) if said(key) == "unknown"]
    if when.any and not any(said(key) == "yes" for key in when.any):
        missing += [key for key in when.any if said(key) == "unknown"]
    return ("open", tuple(missing)) if missing else ("may_apply", ())
