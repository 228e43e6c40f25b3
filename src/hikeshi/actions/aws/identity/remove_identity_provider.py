"""Close a way in from outside that the attacker has opened: a SAML or OIDC provider is deleted, a trust anchor is disabled.

Sources: IAM API Reference, DeleteSAMLProvider, DeleteOpenIDConnectProvider; IAM Roles Anywhere API Reference, DisableTrustAnchor.
Everything that is needed to make a provider again is in the plan; its ARN follows from its name, so roles that name it work again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity.principals import GONE, IdentitySetting, last_part, named, tags_told
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

ProviderArn = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^arn:[\w-]+:(iam::\d{12}:(saml|oidc)-provider|rolesanywhere:[\w-]+:\d{12}:trust-anchor)/[\w./:%@+=,-]{1,500}$",
        title="Provider",
        examples=["arn:aws:iam::111122223333:saml-provider/sso"],
    ),
]

_CLOSE = Text(en="Nobody gets in from there any more.", ja="ここからは誰も入れなくなります。")
_OPEN = Text(en="Made again from what the plan has saved.", ja="計画に保存した内容から作り直します。")
_SESSIONS = Text(
    en="Sessions that came in this way go on until they expire: end those of each role (aws.iam.revoke_role_sessions).",
    ja="この経路で作られたセッションは期限まで有効です。各ロールのセッションも無効にしてください（aws.iam.revoke_role_sessions）。",
)
_LOSS = Text(
    en="A SAML provider that is made again has a new unique id, and private keys for encrypted assertions have to be added again.",
    ja="作り直した SAML プロバイダーは固有 ID が変わります。暗号化アサーション用の秘密鍵も改めて追加が必要です。",
)


class RemoveIdentityProvider(IdentitySetting, frozen=True, kw_only=True):
    """Delete a SAML or OIDC provider, or disable a Roles Anywhere trust anchor (which is reversible as it is)."""

    name: ClassVar = "aws.iam.remove_identity_provider"
    effect: ClassVar = "destroy"
    eradicates: ClassVar = True
    reversible: ClassVar = "with-loss"
    radius: ClassVar = "shared"
    target: ClassVar = "provider"
    title: ClassVar = Text(en="Remove an identity provider", ja="ID プロバイダーを取り除く")
    what: ClassVar = Text(
        en="Deletes a SAML or OIDC provider, or disables a trust anchor, so that nobody comes in from there. Roles that trust it are listed.",
        ja="SAML・OIDC プロバイダーを削除するか、トラストアンカーを無効にして、そこからの侵入を止めます。信頼しているロールも列挙します。",
    )
    by_hand: ClassVar = Text(
        en="Make it again from the plan: aws iam create-saml-provider, create-open-id-connect-provider, or rolesanywhere enable-trust-anchor.",
        ja="計画の内容から作り直します: aws iam create-saml-provider、create-open-id-connect-provider、または rolesanywhere enable-trust-anchor。",
    )
    permissions: ClassVar = (
        "iam:CreateOpenIDConnectProvider",
        "iam:CreateSAMLProvider",
        "iam:DeleteOpenIDConnectProvider",
        "iam:DeleteSAMLProvider",
        "iam:GetOpenIDConnectProvider",
        "iam:GetSAMLProvider",
        "iam:ListRoles",
        "rolesanywhere:DisableTrustAnchor",
        "rolesanywhere:EnableTrustAnchor",
        "rolesanywhere:GetTrustAnchor",
    )

    arn: ProviderArn

    @property
    def kind(self) -> str:
        """What the ARN names: "saml-provider", "oidc-provider" or "trust-anchor"."""
        return self.arn.split(":", 5)[5].partition("/")[0]

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Raises `Refused` for a trust anchor of another region."""
        region = self.arn.split(":")[3]
        if region and region != world.region:
            raise Refused(f"{self.arn} is in {region}.", hint="Plan the step for that region.")
        try:
            return {self.arn: READERS[self.kind](world, self.arn)}
        except CallFailed as failure:
            if failure.code not in (*GONE, "ResourceNotFoundException"):
                raise
            return {self.arn: None}

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return named(self.arn)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        if before[self.arn] is None:
            raise Refused(f"There is no {self.arn}.", hint="aws.iam.sweep lists what there is.")
        return {self.arn: {"enabled": False} if self.kind == "trust-anchor" else None}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        if self.kind == "trust-anchor":
            operation = "Enable" if new["enabled"] else "Disable"
            why = _OPEN if new["enabled"] else _CLOSE
            yield Call(f"rolesanywhere:{operation}TrustAnchor", {"trustAnchorId": last_part(part)}, why)
        elif self.kind == "saml-provider":
            yield (
                Call("iam:DeleteSAMLProvider", {"SAMLProviderArn": part}, _CLOSE)
                if new is None
                else Call("iam:CreateSAMLProvider", new, _OPEN)
            )
        else:
            yield (
                Call("iam:DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": part}, _CLOSE)
                if new is None
                else Call("iam:CreateOpenIDConnectProvider", new, _OPEN)
            )

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del before
        roles = [] if self.kind == "trust-anchor" else list(self._trusting(world))
        dependants = [
            Text(en=f"Role {role} trusts it.", ja=f"ロール {role} がこれを信頼しています。") for role in roles
        ]
        return Around(
            dependants=tuple(dependants),
            will_not_stop=(_SESSIONS,),
            warnings=(_LOSS,) if self.kind == "saml-provider" else (),
        )

    def _trusting(self, world: AwsWorld) -> Iterable[str]:
        for role in world.pages("iam", "ListRoles", "Roles"):
            if f"'{self.arn}'" in str(role["AssumeRolePolicyDocument"]):
                yield role["RoleName"]


def _saml(world: AwsWorld, arn: str) -> dict[str, Any]:
    told = world.read("iam", "GetSAMLProvider", SAMLProviderArn=arn)
    made = {"Name": last_part(arn), "SAMLMetadataDocument": told["SAMLMetadataDocument"], "Tags": tags_told(told)}
    mode = told.get("AssertionEncryptionMode")
    return {**made, "AssertionEncryptionMode": mode} if mode else made


def _oidc(world: AwsWorld, arn: str) -> dict[str, Any]:
    told = world.read("iam", "GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
    url = told["Url"]
    return {
        "Url": url if "://" in url else f"https://{url}",
        "ClientIDList": sorted(told.get("ClientIDList", ())),
        "ThumbprintList": list(told.get("ThumbprintList", ())),
        "Tags": tags_told(told),
    }


def _anchor(world: AwsWorld, arn: str) -> dict[str, Any]:
    told = world.read("rolesanywhere", "GetTrustAnchor", trustAnchorId=last_part(arn))["trustAnchor"]
    return {"enabled": bool(told["enabled"])}


READERS = {"oidc-provider": _oidc, "saml-provider": _saml, "trust-anchor": _anchor}
