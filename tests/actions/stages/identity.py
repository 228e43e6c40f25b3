"""Stages of the actions in `actions/aws/identity/`."""

from __future__ import annotations

import json
from typing import Any

from actions.account import ACCOUNT, Cloud
from actions.stages.stage import Stage, Stages
from hikeshi.actions.aws.identity import deny_user, inline
from hikeshi.actions.aws.identity.remove_principal import RemovePrincipal

USER = "ci-deploy"
ROLE = "shop-web"
ANYBODY = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [ANYBODY]}
READS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def user(cloud: Cloud, name: str = USER) -> str:
    """A user with two keys and an inline policy; the id of the first key."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name, Path="/machines/")
    iam.put_user_policy(UserName=name, PolicyName="reads", PolicyDocument=json.dumps(READS))
    keys = [iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"] for _ in range(2)]
    return str(keys[0])


def role(cloud: Cloud, name: str = ROLE, path: str = "/", trust: Any = TRUST) -> str:
    """A role with an inline policy; its ARN."""
    iam = cloud.client("iam")
    told = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=json.dumps(READS))
    return str(told["Arn"])


def profile(cloud: Cloud, name: str, role_name: str) -> str:
    """An instance profile on a path, named other than its role; its ARN."""
    iam = cloud.client("iam")
    told = iam.create_instance_profile(InstanceProfileName=name, Path="/shop/")["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role_name)
    return str(told["Arn"])


def machine_with_role(cloud: Cloud) -> str:
    """An instance whose profile has another name than its role; its id."""
    role(cloud, path="/shop/")
    return cloud.machine(1, IamInstanceProfile={"Arn": profile(cloud, "web-profile", ROLE)}).id


def a_key(cloud: Cloud) -> dict[str, Any]:
    return {"access_key_id": user(cloud)}


def a_user(cloud: Cloud) -> dict[str, Any]:
    user(cloud)
    return {"user": USER}


def a_full_user(cloud: Cloud) -> dict[str, Any]:
    """Without room for another inline policy."""
    user(cloud)
    reads = {**READS, "Statement": [{**READS["Statement"][0], "Sid": "x" * 1900}]}  # type: ignore[dict-item]
    cloud.client("iam").put_user_policy(UserName=USER, PolicyName="long", PolicyDocument=json.dumps(reads))
    return {"user": USER}


def a_crammed_user(cloud: Cloud) -> dict[str, Any]:
    """Without room for another policy of either kind, and with a boundary."""
    a_full_user(cloud)
    iam = cloud.client("iam")
    for number in range(10):
        made = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=json.dumps(READS))["Policy"]["Arn"]
        iam.attach_user_policy(UserName=USER, PolicyArn=made)
    iam.put_user_permissions_boundary(UserName=USER, PermissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/p0")
    return {"user": USER}


def an_instance_with_role(cloud: Cloud) -> dict[str, Any]:
    return {"instance_id": machine_with_role(cloud)}


def a_role(cloud: Cloud) -> dict[str, Any]:
    role(cloud)
    return {"role": ROLE}


def a_forensic_profile(cloud: Cloud) -> dict[str, Any]:
    role(cloud, "hikeshi-forensic")
    profile(cloud, "hikeshi-forensic", "hikeshi-forensic")
    return {"instance_id": machine_with_role(cloud)}


SAML = "<EntityDescriptor>" + "x" * 1000 + "</EntityDescriptor>"


def a_console_user(cloud: Cloud) -> dict[str, Any]:
    user(cloud)
    cloud.client("iam").create_login_profile(UserName=USER, Password="not-a-real-one-1A!")
    return {"user": USER}


def a_user_with_two_devices(cloud: Cloud) -> dict[str, Any]:
    user(cloud)
    iam = cloud.client("iam")
    serials = [
        iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        for name in ("first-phone", "second-phone")
    ]
    for serial in serials:
        iam.enable_mfa_device(
            UserName=USER, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
        )
    return {"user": USER, "serial": serials[1]}


def a_saml_provider(cloud: Cloud) -> dict[str, Any]:
    made = cloud.client("iam").create_saml_provider(Name="sso", SAMLMetadataDocument=SAML)["SAMLProviderArn"]
    return {"arn": made}


def an_oidc_provider(cloud: Cloud) -> dict[str, Any]:
    told = cloud.client("iam").create_open_id_connect_provider(
        Url="https://token.example.org", ClientIDList=["sts"], ThumbprintList=["a" * 40]
    )
    return {"arn": told["OpenIDConnectProviderArn"]}


def a_trust_anchor(cloud: Cloud) -> dict[str, Any]:
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": "made up"}}
    told = cloud.client("rolesanywhere").create_trust_anchor(name="rogue", source=source, enabled=True)
    return {"arn": told["trustAnchor"]["trustAnchorArn"]}


def an_organization(cloud: Cloud) -> dict[str, Any]:
    org = cloud.client("organizations")
    org.create_organization(FeatureSet="ALL")
    org.enable_policy_type(RootId=org.list_roots()["Roots"][0]["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    made = org.create_account(Email="shop@example.org", AccountName="shop")["CreateAccountStatus"]
    return {"account_id": made["AccountId"]}


def a_denied_user(cloud: Cloud) -> dict[str, Any]:
    """With keys, a password, a group, an attached policy, and our deny."""
    a_console_user(cloud)
    iam = cloud.client("iam")
    iam.create_group(GroupName="builders")
    iam.add_user_to_group(GroupName="builders", UserName=USER)
    made = iam.create_policy(PolicyName="builds", PolicyDocument=json.dumps(READS))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=USER, PolicyArn=made)
    iam.put_user_policy(UserName=USER, PolicyName=deny_user.POLICY, PolicyDocument=inline.deny(deny_user.POLICY))
    return {"arn": f"arn:aws:iam::{ACCOUNT}:user/machines/{USER}"}


def a_small_denied_user(cloud: Cloud) -> dict[str, Any]:
    """With a key, a group, and our deny."""
    iam = cloud.client("iam")
    iam.create_user(UserName=USER)
    iam.create_access_key(UserName=USER)
    iam.create_group(GroupName="builders")
    iam.add_user_to_group(GroupName="builders", UserName=USER)
    iam.put_user_policy(UserName=USER, PolicyName=deny_user.POLICY, PolicyDocument=inline.deny(deny_user.POLICY))
    return {"arn": f"arn:aws:iam::{ACCOUNT}:user/{USER}"}


def much_of_everything(cloud: Cloud) -> dict[str, Any]:
    a_user_with_two_devices(cloud)
    cloud.client("iam").create_login_profile(UserName=USER, Password="not-a-real-one-1A!")
    a_saml_provider(cloud)
    an_oidc_provider(cloud)
    a_trust_anchor(cloud)
    role(cloud, trust={**TRUST, "Statement": [{**ANYBODY, "Principal": {"AWS": "arn:aws:iam::999988887777:root"}}]})
    return {"since": "2026-01-01T00:00:00Z"}


def a_person(cloud: Cloud) -> dict[str, Any]:
    """In Identity Center, with two permission sets: one with a policy of its own, one without."""
    sso = cloud.client("sso-admin")
    center = sso.list_instances()["Instances"][0]
    name = {"FamilyName": "Example", "GivenName": "Taro"}
    made = cloud.client("identitystore").create_user(
        IdentityStoreId=center["IdentityStoreId"], UserName="taro", Name=name, DisplayName="Taro"
    )
    for title in ("Admin", "Reader"):
        told = sso.create_permission_set(Name=title, InstanceArn=center["InstanceArn"])["PermissionSet"]
        at = {"InstanceArn": center["InstanceArn"], "PermissionSetArn": told["PermissionSetArn"]}
        if title == "Admin":
            sso.put_inline_policy_to_permission_set(**at, InlinePolicy=json.dumps(READS))
        sso.create_account_assignment(
            **at, TargetId=ACCOUNT, TargetType="AWS_ACCOUNT", PrincipalType="USER", PrincipalId=made["UserId"]
        )
        sso.provision_permission_set(**at, TargetType="ALL_PROVISIONED_ACCOUNTS")
    return {"user_id": made["UserId"]}


def a_root_with_key_and_password(cloud: Cloud) -> dict[str, Any]:
    inputs = an_organization(cloud)
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMCreateRootUserPassword"}
    cloud.client("sts").assume_root(TargetPrincipal=inputs["account_id"], TaskPolicyArn=task)
    cloud.client("iam").create_access_key()
    cloud.client("iam").create_login_profile(Password="not-a-real-one-1A!")
    return inputs


_OF_ROLES = frozenset(
    permission for permission in RemovePrincipal.permissions if "Role" in permission or "InstanceProfile" in permission
)
_SCARCE = frozenset(
    {
        "iam:DeactivateMFADevice",
        "iam:DeleteLoginProfile",
        "iam:DeleteSSHPublicKey",
        "iam:DeleteSigningCertificate",
        "iam:DetachUserPolicy",
    }
)
_SAML = frozenset({"iam:CreateSAMLProvider", "iam:DeleteSAMLProvider", "iam:GetSAMLProvider"})
_OIDC = frozenset(
    {"iam:CreateOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider", "iam:GetOpenIDConnectProvider"}
)
_ANCHOR = frozenset(
    {"rolesanywhere:DisableTrustAnchor", "rolesanywhere:EnableTrustAnchor", "rolesanywhere:GetTrustAnchor"}
)
_INLINE = frozenset({"iam:DeleteUserPolicy", "iam:PutUserPolicy"})
_ATTACHED = frozenset({"iam:AttachUserPolicy", "iam:DetachUserPolicy"})
_BOUND = frozenset({"iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"})
_ASSOCIATED = frozenset({"ec2:AssociateIamInstanceProfile", "ec2:DisassociateIamInstanceProfile", "iam:PassRole"})

STAGES: Stages = {
    "aws.ec2.swap_profile": {"one": Stage(build=a_forensic_profile, areas=("ec2.profiles",), rare=_ASSOCIATED)},
    "aws.iam.console_off": {"one": Stage(build=a_console_user, areas=("iam.passwords",))},
    "aws.iam.deny_user": {
        "crammed": Stage(
            build=a_crammed_user,
            areas=("iam.users",),
            rare=_INLINE | _ATTACHED | {"iam:DeleteUserPermissionsBoundary"},
        ),
        "one": Stage(build=a_user, areas=("iam.users",), rare=_ATTACHED | _BOUND),
    },
    "aws.iam.disable_key": {"one": Stage(build=a_key, areas=("iam.users",))},
    "aws.iam.lock_trust": {"one": Stage(build=a_role, areas=("iam.roles",))},
    "aws.iam.quarantine_user": {"one": Stage(build=a_user, areas=("iam.users",))},
    "aws.iam.remove_identity_provider": {
        "saml": Stage(build=a_saml_provider, areas=("iam.providers",), rare=_OIDC | _ANCHOR),
    },
    "aws.iam.remove_mfa": {"two": Stage(build=a_user_with_two_devices, areas=("iam.devices",))},
    "aws.iam.remove_principal": {
        "user": Stage(build=a_small_denied_user, areas=("iam.devices", "iam.passwords"), rare=_OF_ROLES | _SCARCE),
    },
    "aws.iam.revoke_instance_sessions": {"one": Stage(build=an_instance_with_role, areas=("iam.roles",))},
    "aws.iam.revoke_role_sessions": {
        "one": Stage(build=lambda cloud: a_role(cloud) | {"release_early": True}, areas=("iam.roles",)),
    },
    "aws.iam.secure_root": {"one": Stage(build=a_root_with_key_and_password, areas=("iam.root",))},
    "aws.iam.sweep": {"one": Stage(build=much_of_everything, areas=())},
    "aws.idc.user_off": {"one": Stage(build=a_person, areas=("sso.people",))},
    "aws.org.quarantine_account": {
        "one": Stage(
            build=an_organization, areas=("organizations.policies",), rare=frozenset({"organizations:DescribePolicy"})
        ),
    },
}
