"""What the actions in `actions/aws/identity/` are tried on, built in a simulated account: each function returns the inputs it made."""

from __future__ import annotations

import json
from typing import Any

from hikeshi.actions.aws.identity import deny_user, inline
from hikeshi.simulation.account import ACCOUNT, Account

USER = "ci-deploy"
PASSWORD = "not-a-real-one-1A!"  # noqa: S105 -- nobody checks it
ROLE = "shop-web"
ANYBODY = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [ANYBODY]}
READS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def user(account: Account, name: str = USER) -> str:
    """A user with two keys and an inline policy; the id of the first key."""
    iam = account.client("iam")
    iam.create_user(UserName=name, Path="/machines/")
    iam.put_user_policy(UserName=name, PolicyName="reads", PolicyDocument=json.dumps(READS))
    keys = [iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"] for _ in range(2)]
    return str(keys[0])


def role(account: Account, name: str = ROLE, path: str = "/", trust: Any = TRUST) -> str:
    """A role with an inline policy; its ARN."""
    iam = account.client("iam")
    told = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=json.dumps(READS))
    return str(told["Arn"])


def profile(account: Account, name: str, role_name: str) -> str:
    """An instance profile on a path, named other than its role; its ARN."""
    iam = account.client("iam")
    told = iam.create_instance_profile(InstanceProfileName=name, Path="/shop/")["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role_name)
    return str(told["Arn"])


def machine_with_role(account: Account) -> str:
    """An instance whose profile has another name than its role; its id."""
    role(account, path="/shop/")
    return account.machine(1, IamInstanceProfile={"Arn": profile(account, "web-profile", ROLE)}).id


def a_key(account: Account) -> dict[str, Any]:
    return {"access_key_id": user(account)}


def a_user(account: Account) -> dict[str, Any]:
    user(account)
    return {"user": USER}


def a_user_by_arn(account: Account) -> dict[str, Any]:
    user(account)
    return {"arn": account.client("iam").get_user(UserName=USER)["User"]["Arn"]}


def a_role_by_arn(account: Account) -> dict[str, Any]:
    return {"arn": role(account)}


def a_full_user(account: Account) -> dict[str, Any]:
    """Without room for another inline policy."""
    user(account)
    reads = {**READS, "Statement": [{**READS["Statement"][0], "Sid": "x" * 1900}]}  # type: ignore[dict-item]
    account.client("iam").put_user_policy(UserName=USER, PolicyName="long", PolicyDocument=json.dumps(reads))
    return {"user": USER}


def a_crammed_user(account: Account) -> dict[str, Any]:
    """Without room for another policy of either kind, and with a boundary."""
    a_full_user(account)
    iam = account.client("iam")
    for number in range(10):
        made = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=json.dumps(READS))["Policy"]["Arn"]
        iam.attach_user_policy(UserName=USER, PolicyArn=made)
    iam.put_user_permissions_boundary(UserName=USER, PermissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/p0")
    return {"user": USER}


def an_instance_with_role(account: Account) -> dict[str, Any]:
    return {"instance_id": machine_with_role(account)}


def a_role(account: Account) -> dict[str, Any]:
    role(account)
    return {"role": ROLE}


def a_forensic_profile(account: Account) -> dict[str, Any]:
    role(account, "hikeshi-forensic")
    profile(account, "hikeshi-forensic", "hikeshi-forensic")
    return {"instance_id": machine_with_role(account)}


SAML = "<EntityDescriptor>" + "x" * 1000 + "</EntityDescriptor>"


def a_console_user(account: Account) -> dict[str, Any]:
    user(account)
    account.client("iam").create_login_profile(UserName=USER, Password=PASSWORD)
    return {"user": USER}


def a_user_with_two_devices(account: Account) -> dict[str, Any]:
    user(account)
    iam = account.client("iam")
    serials = [
        iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        for name in ("first-phone", "second-phone")
    ]
    for serial in serials:
        iam.enable_mfa_device(
            UserName=USER, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
        )
    return {"user": USER, "serial": serials[1]}


def a_saml_provider(account: Account) -> dict[str, Any]:
    made = account.client("iam").create_saml_provider(Name="sso", SAMLMetadataDocument=SAML)["SAMLProviderArn"]
    return {"arn": made}


def an_oidc_provider(account: Account) -> dict[str, Any]:
    told = account.client("iam").create_open_id_connect_provider(
        Url="https://token.example.org", ClientIDList=["sts"], ThumbprintList=["a" * 40]
    )
    return {"arn": told["OpenIDConnectProviderArn"]}


def a_trust_anchor(account: Account) -> dict[str, Any]:
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": "made up"}}
    told = account.client("rolesanywhere").create_trust_anchor(name="rogue", source=source, enabled=True)
    return {"arn": told["trustAnchor"]["trustAnchorArn"]}


def an_organization(account: Account) -> dict[str, Any]:
    org = account.client("organizations")
    org.create_organization(FeatureSet="ALL")
    org.enable_policy_type(RootId=org.list_roots()["Roots"][0]["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    made = org.create_account(Email="shop@example.org", AccountName="shop")["CreateAccountStatus"]
    return {"account_id": made["AccountId"]}


def a_denied_user(account: Account) -> dict[str, Any]:
    """With keys, a password, a group, an attached policy, and our deny."""
    a_console_user(account)
    iam = account.client("iam")
    iam.create_group(GroupName="builders")
    iam.add_user_to_group(GroupName="builders", UserName=USER)
    made = iam.create_policy(PolicyName="builds", PolicyDocument=json.dumps(READS))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=USER, PolicyArn=made)
    iam.put_user_policy(UserName=USER, PolicyName=deny_user.POLICY, PolicyDocument=inline.deny(deny_user.POLICY))
    return {"arn": f"arn:aws:iam::{ACCOUNT}:user/machines/{USER}"}


def a_small_denied_user(account: Account) -> dict[str, Any]:
    """With a key, a group, and our deny."""
    iam = account.client("iam")
    iam.create_user(UserName=USER)
    iam.create_access_key(UserName=USER)
    iam.create_group(GroupName="builders")
    iam.add_user_to_group(GroupName="builders", UserName=USER)
    iam.put_user_policy(UserName=USER, PolicyName=deny_user.POLICY, PolicyDocument=inline.deny(deny_user.POLICY))
    return {"arn": f"arn:aws:iam::{ACCOUNT}:user/{USER}"}


def much_of_everything(account: Account) -> dict[str, Any]:
    a_user_with_two_devices(account)
    account.client("iam").create_login_profile(UserName=USER, Password=PASSWORD)
    a_saml_provider(account)
    an_oidc_provider(account)
    a_trust_anchor(account)
    role(account, trust={**TRUST, "Statement": [{**ANYBODY, "Principal": {"AWS": "arn:aws:iam::999988887777:root"}}]})
    return {"since": "2026-01-01T00:00:00Z"}


def a_person(account: Account) -> dict[str, Any]:
    """In Identity Center, with two permission sets: one with a policy of its own, one without."""
    sso = account.client("sso-admin")
    center = sso.list_instances()["Instances"][0]
    name = {"FamilyName": "Example", "GivenName": "Taro"}
    made = account.client("identitystore").create_user(
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


def a_root_with_key_and_password(account: Account) -> dict[str, Any]:
    inputs = an_organization(account)
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMCreateRootUserPassword"}
    account.client("sts").assume_root(TargetPrincipal=inputs["account_id"], TaskPolicyArn=task)
    account.client("iam").create_access_key()
    account.client("iam").create_login_profile(Password=PASSWORD)
    return inputs
