"""Windows event logs as Sigma's log sources: services are channels, categories are event ids of Sysmon and the security log.

Reference: Sigma Taxonomy Appendix, https://github.com/SigmaHQ/sigma-specification; Sysmon, https://learn.microsoft.com/sysinternals
"""

from __future__ import annotations

from hikeshi.events.detect.origins import Origin

COLUMNS = {
    "Channel": "source_variant",
    "Computer": "host",
    "ComputerName": "host",
    "EventID": "action",
    "Provider_Name": "service",
}
STARTED = {"CommandLine": "cmdline", "Image": "process", "ParentImage": "parent"}
"""Sysmon and the security log call these differently; the parser has one column for both."""

CHANNELS: dict[str, tuple[str, ...]] = {
    "application": ("Application",),
    "applocker": ("Microsoft-Windows-AppLocker/EXE and DLL", "Microsoft-Windows-AppLocker/MSI and Script"),
    "appxdeployment-server": ("Microsoft-Windows-AppXDeploymentServer/Operational",),
    "bits-client": ("Microsoft-Windows-Bits-Client/Operational",),
    "capi2": ("Microsoft-Windows-CAPI2/Operational",),
    "certificateservicesclient-lifecycle-system": ("Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",),
    "codeintegrity-operational": ("Microsoft-Windows-CodeIntegrity/Operational",),
    "dns-client": ("Microsoft-Windows-DNS Client Events/Operational",),
    "dns-server": ("DNS Server",),
    "dns-server-analytic": ("Microsoft-Windows-DNS-Server/Analytical",),
    "driver-framework": ("Microsoft-Windows-DriverFrameworks-UserMode/Operational",),
    "firewall-as": ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",),
    "ldap": ("Microsoft-Windows-LDAP-Client/Debug",),
    "lsa-server": ("Microsoft-Windows-LSA/Operational",),
    "msexchange-management": ("MSExchange Management",),
    "ntlm": ("Microsoft-Windows-NTLM/Operational",),
    "openssh": ("OpenSSH/Operational",),
    "powershell": ("Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"),
    "powershell-classic": ("Windows PowerShell",),
    "printservice-admin": ("Microsoft-Windows-PrintService/Admin",),
    "printservice-operational": ("Microsoft-Windows-PrintService/Operational",),
    "security": ("Security",),
    "security-mitigations": ("Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode"),
    "shell-core": ("Microsoft-Windows-Shell-Core/Operational",),
    "smbclient-connectivity": ("Microsoft-Windows-SmbClient/Connectivity",),
    "smbclient-security": ("Microsoft-Windows-SmbClient/Security",),
    "sysmon": ("Microsoft-Windows-Sysmon/Operational",),
    "system": ("System",),
    "taskscheduler": ("Microsoft-Windows-TaskScheduler/Operational",),
    "terminalservices-localsessionmanager": ("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",),
    "windefend": ("Microsoft-Windows-Windows Defender/Operational",),
    "wmi": ("Microsoft-Windows-WMI-Activity/Operational",),
}  # fmt: skip

SYSMON: dict[str, tuple[int, ...]] = {
    "clipboard_capture": (24,),
    "create_remote_thread": (8,),
    "create_stream_hash": (15,),
    "dns_query": (22,),
    "driver_load": (6,),
    "file_block": (27, 28),
    "file_change": (2,),
    "file_delete": (23, 26),
    "file_event": (11,),
    "file_executable_detected": (29,),
    "image_load": (7,),
    "network_connection": (3,),
    "pipe_created": (17, 18),
    "process_access": (10,),
    "process_creation": (1,),
    "process_tampering": (25,),
    "process_termination": (5,),
    "raw_access_thread": (9,),
    "registry_add": (12,),
    "registry_delete": (12,),
    "registry_event": (12, 13, 14),
    "registry_rename": (14,),
    "registry_set": (13,),
    "sysmon_error": (255,),
    "sysmon_status": (4, 16),
    "wmi_event": (19, 20, 21),
}
"""Category: event ids of Sysmon."""

OTHERS = {
    "ps_classic_provider_start": ("powershell-classic", 600),
    "ps_classic_script": ("powershell-classic", 800),
    "ps_classic_start": ("powershell-classic", 400),
    "ps_module": ("powershell", 4103),
    "ps_script": ("powershell", 4104),
}
"""Category: service and event id."""


def windows(category: str, service: str) -> Origin | None:
    """Where events of a category or service of Windows are; None where that is not known."""
    if not category and not service:
        return _origin("true")
    if category in SYSMON:
        return _origin(_started() if category == "process_creation" else _sysmon(category), started=True)
    if category in OTHERS:
        channel, number = OTHERS[category]
        return _origin(f"{_channel(channel)} AND action = '{number}'")
    if service in CHANNELS and not category:
        return _origin(_channel(service), started=service == "sysmon")
    return None


def _origin(where: str, *, started: bool = False) -> Origin:
    return Origin(kinds=("evtx",), where=where, columns=COLUMNS | (STARTED if started else {}), dotted=False)


def _channel(service: str) -> str:
    names = ", ".join(f"'{name}'" for name in CHANNELS[service])
    return f"source_variant IN ({names})"


def _sysmon(category: str) -> str:
    numbers = ", ".join(f"'{number}'" for number in SYSMON[category])
    return f"service = 'Microsoft-Windows-Sysmon' AND action IN ({numbers})"


def _started() -> str:
    audited = "service = 'Microsoft-Windows-Security-Auditing' AND action = '4688'"
    return f"(({_sysmon('process_creation')}) OR ({audited}))"
