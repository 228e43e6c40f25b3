"""What we can do to the world. The table below is the list of all actions; an action not in it does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hikeshi.actions.action import Action
from hikeshi.actions.aws.acquisition.capture_memory import CaptureMemory
from hikeshi.actions.aws.acquisition.container_image import AcquireImage
from hikeshi.actions.aws.acquisition.container_task import AcquireTask
from hikeshi.actions.aws.acquisition.copy_snapshots import CopySnapshot
from hikeshi.actions.aws.acquisition.flow_logs import FlowLogs
from hikeshi.actions.aws.acquisition.function_code import AcquireFunctionCode
from hikeshi.actions.aws.acquisition.hash_image import HashImage
from hikeshi.actions.aws.acquisition.lock_compliance import LockCompliance
from hikeshi.actions.aws.acquisition.lock_snapshots import LockSnapshots
from hikeshi.actions.aws.acquisition.metadata import Metadata
from hikeshi.actions.aws.acquisition.mirror import Mirror
from hikeshi.actions.aws.acquisition.preserve_logs import PreserveLogs
from hikeshi.actions.aws.acquisition.query_logs import QueryLogs
from hikeshi.actions.aws.acquisition.share_snapshots import ShareSnapshots
from hikeshi.actions.aws.acquisition.snapshot_set import SnapshotSet
from hikeshi.actions.aws.acquisition.stack_template import AcquireTemplate
from hikeshi.actions.aws.data.block_account import BlockAccount
from hikeshi.actions.aws.data.block_bucket import BlockBucket
from hikeshi.actions.aws.data.block_snapshot_sharing import BlockSnapshotSharing
from hikeshi.actions.aws.data.contain_cluster import ContainCluster
from hikeshi.actions.aws.data.contain_database import ContainDatabase
from hikeshi.actions.aws.data.contain_database_cluster import ContainDatabaseCluster
from hikeshi.actions.aws.data.contain_service import ContainService
from hikeshi.actions.aws.data.deny_customer_keys import DenyCustomerKeys
from hikeshi.actions.aws.data.distrust_lists import DistrustLists
from hikeshi.actions.aws.data.freeze_function import FreezeFunction
from hikeshi.actions.aws.data.judge_findings import JudgeFindings
from hikeshi.actions.aws.data.lock_policy import LockPolicy
from hikeshi.actions.aws.data.preserve import Preserve
from hikeshi.actions.aws.data.protect_key import ProtectKey
from hikeshi.actions.aws.data.restore_code import RestoreCode
from hikeshi.actions.aws.data.restore_detector import RestoreDetector
from hikeshi.actions.aws.data.restore_recorder import RestoreRecorder
from hikeshi.actions.aws.data.restore_trail import RestoreTrail
from hikeshi.actions.aws.data.restore_trail_policy import RestoreTrailPolicy
from hikeshi.actions.aws.data.restrict_endpoint import RestrictEndpoint
from hikeshi.actions.aws.data.retain_logs import RetainLogs
from hikeshi.actions.aws.data.rotate_secret import RotateSecret
from hikeshi.actions.aws.data.snapshot_cluster import SnapshotCluster
from hikeshi.actions.aws.data.snapshot_database import SnapshotDatabase
from hikeshi.actions.aws.data.stop_task import StopTask
from hikeshi.actions.aws.data.threat_list import ThreatList
from hikeshi.actions.aws.data.unshare_database_snapshot import UnshareDatabaseSnapshot
from hikeshi.actions.aws.data.unshare_image import UnshareImage
from hikeshi.actions.aws.data.unshare_snapshot import UnshareSnapshot
from hikeshi.actions.aws.identity.console_off import ConsoleOff
from hikeshi.actions.aws.identity.deny_leaving import DenyLeaving
from hikeshi.actions.aws.identity.deny_shells import DenyShells
from hikeshi.actions.aws.identity.deny_user import DenyUser
from hikeshi.actions.aws.identity.disable_key import DisableKey
from hikeshi.actions.aws.identity.lock_trust import LockTrust
from hikeshi.actions.aws.identity.quarantine_account import QuarantineAccount
from hikeshi.actions.aws.identity.quarantine_user import QuarantineUser
from hikeshi.actions.aws.identity.remove_identity_provider import RemoveIdentityProvider
from hikeshi.actions.aws.identity.remove_mfa import RemoveMfa
from hikeshi.actions.aws.identity.remove_principal import RemovePrincipal
from hikeshi.actions.aws.identity.revoke_instance_sessions import RevokeInstanceSessions
from hikeshi.actions.aws.identity.revoke_role_sessions import RevokeRoleSessions
from hikeshi.actions.aws.identity.secure_root import SecureRoot
from hikeshi.actions.aws.identity.swap_profile import SwapProfile
from hikeshi.actions.aws.identity.sweep import Sweep
from hikeshi.actions.aws.identity.user_off import IdcUserOff
from hikeshi.actions.aws.instance.console import ReadConsole
from hikeshi.actions.aws.instance.crash_dump import CrashDump
from hikeshi.actions.aws.instance.deregister import DeregisterInstance
from hikeshi.actions.aws.instance.detach import DetachInstance
from hikeshi.actions.aws.instance.end_sessions import EndSessions
from hikeshi.actions.aws.instance.host_firewall import HostFirewall
from hikeshi.actions.aws.instance.host_triage import HostTriage
from hikeshi.actions.aws.instance.imds import HardenMetadata
from hikeshi.actions.aws.instance.protect import ProtectInstance
from hikeshi.actions.aws.instance.serial_console import SerialConsoleOff
from hikeshi.actions.aws.instance.standby import StandbyInstance
from hikeshi.actions.aws.instance.stop import StopInstance
from hikeshi.actions.aws.kubernetes.cordon_node import CordonNode
from hikeshi.actions.aws.kubernetes.isolate_pod import IsolatePod
from hikeshi.actions.aws.kubernetes.remove_binding import RemoveBinding
from hikeshi.actions.aws.network.blackhole_route import BlackholeRoute
from hikeshi.actions.aws.network.block_peer import BlockPeer
from hikeshi.actions.aws.network.block_public import BlockPublic
from hikeshi.actions.aws.network.detach_interface import DetachInterface
from hikeshi.actions.aws.network.dns_block import BlockDomains
from hikeshi.actions.aws.network.firewall_block import BlockAtFirewall
from hikeshi.actions.aws.network.isolate import IsolateInstance
from hikeshi.actions.aws.network.isolate_ssm import IsolateExceptSsm
from hikeshi.actions.aws.network.mark import MarkInstance
from hikeshi.actions.aws.network.prefix_block import BlockPrefix
from hikeshi.actions.aws.network.quarantine_subnet import QuarantineSubnet
from hikeshi.actions.aws.network.remove_public import RemovePublic
from hikeshi.actions.aws.network.shrink_tracking import ShrinkTracking
from hikeshi.actions.aws.network.untrack import Untrack
from hikeshi.actions.aws.network.waf_block import BlockWebAddress
from hikeshi.actions.aws.recovery.cleanup import Cleanup
from hikeshi.actions.aws.recovery.rebuild import Rebuild
from hikeshi.actions.aws.recovery.release import Release
from hikeshi.actions.aws.recovery.restore_versions import RestoreVersions
from hikeshi.actions.aws.recovery.watch_trail import WatchTrail
from hikeshi.errors import Refused

ACTIONS: dict[str, type[Action[Any]]] = {
    "aws.asg.detach": DetachInstance,
    "aws.asg.standby": StandbyInstance,
    "aws.cloudformation.acquire_template": AcquireTemplate,
    "aws.cloudtrail.restore": RestoreTrail,
    "aws.cloudtrail.restore_bucket_policy": RestoreTrailPolicy,
    "aws.cloudtrail.watch": WatchTrail,
    "aws.config.restore": RestoreRecorder,
    "aws.dns.block": BlockDomains,
    "aws.dns.query_logs": QueryLogs,
    "aws.ebs.copy": CopySnapshot,
    "aws.ebs.hash": HashImage,
    "aws.ebs.lock": LockSnapshots,
    "aws.ebs.lock_compliance": LockCompliance,
    "aws.ebs.share": ShareSnapshots,
    "aws.ebs.snapshot_set": SnapshotSet,
    "aws.ec2.blackhole_route": BlackholeRoute,
    "aws.ec2.block_peer": BlockPeer,
    "aws.ec2.block_prefix": BlockPrefix,
    "aws.ec2.block_snapshot_sharing": BlockSnapshotSharing,
    "aws.ec2.console": ReadConsole,
    "aws.ec2.crash_dump": CrashDump,
    "aws.ec2.detach_interface": DetachInterface,
    "aws.ec2.flow_logs": FlowLogs,
    "aws.ec2.imds": HardenMetadata,
    "aws.ec2.isolate": IsolateInstance,
    "aws.ec2.isolate_ssm": IsolateExceptSsm,
    "aws.ec2.mark": MarkInstance,
    "aws.ec2.metadata": Metadata,
    "aws.ec2.mirror": Mirror,
    "aws.ec2.protect": ProtectInstance,
    "aws.ec2.quarantine_subnet": QuarantineSubnet,
    "aws.ec2.rebuild": Rebuild,
    "aws.ec2.release": Release,
    "aws.ec2.remove_public": RemovePublic,
    "aws.ec2.serial_console_off": SerialConsoleOff,
    "aws.ec2.shrink_tracking": ShrinkTracking,
    "aws.ec2.stop": StopInstance,
    "aws.ec2.swap_profile": SwapProfile,
    "aws.ec2.unshare_image": UnshareImage,
    "aws.ec2.unshare_snapshot": UnshareSnapshot,
    "aws.ec2.untrack": Untrack,
    "aws.ecr.acquire_image": AcquireImage,
    "aws.ecs.acquire_task": AcquireTask,
    "aws.ecs.contain": ContainService,
    "aws.ecs.stop_task": StopTask,
    "aws.eks.contain": ContainCluster,
    "aws.eks.cordon_node": CordonNode,
    "aws.eks.isolate_pod": IsolatePod,
    "aws.eks.remove_binding": RemoveBinding,
    "aws.eks.restrict_endpoint": RestrictEndpoint,
    "aws.elb.deregister": DeregisterInstance,
    "aws.firewall.block": BlockAtFirewall,
    "aws.guardduty.distrust": DistrustLists,
    "aws.guardduty.feedback": JudgeFindings,
    "aws.guardduty.restore": RestoreDetector,
    "aws.guardduty.threat_list": ThreatList,
    "aws.iam.cleanup": Cleanup,
    "aws.iam.console_off": ConsoleOff,
    "aws.iam.deny_shells": DenyShells,
    "aws.iam.deny_user": DenyUser,
    "aws.iam.disable_key": DisableKey,
    "aws.iam.lock_trust": LockTrust,
    "aws.iam.quarantine_user": QuarantineUser,
    "aws.iam.remove_identity_provider": RemoveIdentityProvider,
    "aws.iam.remove_mfa": RemoveMfa,
    "aws.iam.remove_principal": RemovePrincipal,
    "aws.iam.revoke_instance_sessions": RevokeInstanceSessions,
    "aws.iam.revoke_role_sessions": RevokeRoleSessions,
    "aws.iam.secure_root": SecureRoot,
    "aws.iam.sweep": Sweep,
    "aws.idc.user_off": IdcUserOff,
    "aws.kms.protect": ProtectKey,
    "aws.lambda.acquire_code": AcquireFunctionCode,
    "aws.lambda.freeze": FreezeFunction,
    "aws.lambda.restore_code": RestoreCode,
    "aws.logs.preserve": PreserveLogs,
    "aws.logs.retain": RetainLogs,
    "aws.org.deny_leaving": DenyLeaving,
    "aws.org.quarantine_account": QuarantineAccount,
    "aws.rds.contain": ContainDatabase,
    "aws.rds.contain_cluster": ContainDatabaseCluster,
    "aws.rds.snapshot": SnapshotDatabase,
    "aws.rds.snapshot_cluster": SnapshotCluster,
    "aws.rds.unshare_snapshot": UnshareDatabaseSnapshot,
    "aws.s3.block_account": BlockAccount,
    "aws.s3.block_bucket": BlockBucket,
    "aws.s3.deny_customer_keys": DenyCustomerKeys,
    "aws.s3.lock_policy": LockPolicy,
    "aws.s3.preserve": Preserve,
    "aws.s3.restore_versions": RestoreVersions,
    "aws.secretsmanager.rotate": RotateSecret,
    "aws.ssm.capture_memory": CaptureMemory,
    "aws.ssm.end_sessions": EndSessions,
    "aws.ssm.host_firewall": HostFirewall,
    "aws.ssm.host_triage": HostTriage,
    "aws.vpc.block_public": BlockPublic,
    "aws.waf.block_address": BlockWebAddress,
}


def action(name: str, inputs: Mapping[str, Any]) -> Action[Any]:
    """The action `name` with these inputs (plain JSON), checked strictly.

    Raises `Refused` for an unknown action, and for a missing, unknown or wrong input, which it names.
    """
    if name not in ACTIONS:
        raise Refused(f"There is no action called {name!r}.", hint=f"Known actions: {', '.join(ACTIONS)}.")
    kind = ACTIONS[name]
    try:
        made: Action[Any] = msgspec.convert(dict(inputs), kind)
    except msgspec.ValidationError as error:
        hint = f"{name} takes: {', '.join(kind.__struct_fields__)}."
        raise Refused(f"An input of {name} is wrong: {error}", hint=hint) from None
    return made
