"""Stages of the actions in `actions/aws/identity/`."""

from __future__ import annotations

from actions.stages.stage import Stage, Stages
from hikeshi.actions.aws.identity.deny_shells import DenyShells
from hikeshi.actions.aws.identity.remove_principal import RemovePrincipal
from hikeshi.simulation.building.identity import (
    a_console_user,
    a_crammed_user,
    a_forensic_profile,
    a_key,
    a_person,
    a_role,
    a_role_by_arn,
    a_root_with_key_and_password,
    a_saml_provider,
    a_small_denied_user,
    a_user,
    a_user_by_arn,
    a_user_with_two_devices,
    an_instance_with_role,
    an_organization,
    much_of_everything,
)

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
_OF_A_USER = frozenset(permission for permission in DenyShells.permissions if "User" in permission)
_OF_A_ROLE = frozenset(permission for permission in DenyShells.permissions if "Role" in permission)
_INLINE = frozenset({"iam:DeleteUserPolicy", "iam:PutUserPolicy"})
_ATTACHED = frozenset({"iam:AttachUserPolicy", "iam:DetachUserPolicy"})
_BOUND = frozenset({"iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"})
_ASSOCIATED = frozenset({"ec2:AssociateIamInstanceProfile", "ec2:DisassociateIamInstanceProfile", "iam:PassRole"})
STAGES: Stages = {
    "aws.ec2.swap_profile": {"one": Stage(build=a_forensic_profile, areas=("ec2.profiles",), rare=_ASSOCIATED)},
    "aws.iam.console_off": {"one": Stage(build=a_console_user, areas=("iam.passwords",))},
    "aws.iam.deny_shells": {
        "role": Stage(build=a_role_by_arn, areas=("iam.roles",), rare=_OF_A_USER),
        "user": Stage(build=a_user_by_arn, areas=("iam.users",), rare=_OF_A_ROLE),
    },
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
    "aws.org.deny_leaving": {
        "one": Stage(
            build=an_organization, areas=("organizations.policies",), rare=frozenset({"organizations:DescribePolicy"})
        ),
    },
    "aws.org.quarantine_account": {
        "one": Stage(
            build=an_organization, areas=("organizations.policies",), rare=frozenset({"organizations:DescribePolicy"})
        ),
    },
}
