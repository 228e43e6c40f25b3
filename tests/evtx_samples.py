"""The samples of Windows event logs, all made up. `python tests/evtx_samples.py` writes them into tests/samples/evtx."""

from __future__ import annotations

from pathlib import Path

from evtx_writer import Chunk, event, file_of, filetime

FOLDER = Path(__file__).parent / "samples" / "evtx"
WRITTEN = filetime("2026-11-07T02:31:07+00:00", 1_234_567)
TIME = "2026-11-07T02:31:07.123456Z"
SYSMON = "Microsoft-Windows-Sysmon"
MD5, SHA1, SHA256 = "0A" * 16, "1B" * 20, "2C" * 32

LOGON = {
    "SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-",
    "TargetUserSid": "S-1-5-21-1-2-3-1104", "TargetUserName": "alice", "TargetDomainName": "CORP", "LogonType": "3",
    "WorkstationName": "PC-7", "ProcessId": "0x0", "IpAddress": "::ffff:192.0.2.7", "IpPort": "50123",
}  # fmt: skip
FAILED = LOGON | {"Status": "0xc000006d", "SubStatus": "0xc000006a", "IpAddress": "203.0.113.9", "IpPort": "0"}
PROCESS = {
    "SubjectUserSid": "S-1-5-21-1-2-3-1104", "SubjectUserName": "alice", "SubjectDomainName": "CORP",
    "NewProcessId": "0x1a2c", "NewProcessName": r"C:\Windows\System32\cmd.exe",
    "ParentProcessName": r"C:\Windows\explorer.exe", "CommandLine": "cmd.exe /c whoami",
}  # fmt: skip
STARTED = {
    "ProcessId": "4711", "Image": r"C:\Users\alice\evil.exe", "CommandLine": "evil.exe -k", "User": r"CORP\alice",
    "Hashes": f"MD5={MD5},SHA1={SHA1},SHA256={SHA256},IMPHASH={MD5}", "ParentImage": r"C:\Windows\explorer.exe",
}  # fmt: skip
CONNECTED = {
    "ProcessId": "4711", "Image": r"C:\Users\alice\evil.exe", "User": r"CORP\alice", "Protocol": "tcp",
    "SourceIp": "198.51.100.4", "SourcePort": "50200", "DestinationIp": "203.0.113.66", "DestinationPort": "443",
}  # fmt: skip
SESSION = {"User": r"CORP\bob", "SessionID": "2", "Address": "192.0.2.30"}


def security() -> Chunk:
    chunk = Chunk(41)
    chunk.add(event(4624, TIME, LOGON, record=41), WRITTEN)
    chunk.add(event(4625, TIME, FAILED, record=42, keywords="0x8010000000000000"), WRITTEN)
    chunk.add(event(4688, TIME, PROCESS, record=43), WRITTEN)
    return chunk


def sysmon() -> Chunk:
    chunk = Chunk(7)
    for record, (number, fields) in enumerate(((1, STARTED), (3, CONNECTED)), 7):
        chunk.add(
            event(number, TIME, fields, provider=SYSMON, channel=f"{SYSMON}/Operational", record=record, level=4), 0
        )
    return chunk


def session() -> Chunk:
    """UserData instead of EventData, in the year 1601."""
    chunk = Chunk(3)
    provider = "Microsoft-Windows-TerminalServices-LocalSessionManager"
    first = "1601-01-01T00:00:00.000001Z"
    chunk.add(event(21, first, SESSION, provider=provider, channel="Operational", record=3, user_data="EventXML"), 12)
    return chunk


def damaged() -> bytes:
    """The second of three records is overwritten."""
    chunk = security()
    chunk.bytes()
    chunk.data[chunk.starts[1] : chunk.starts[1] + 64] = b"\xaa" * 64
    return file_of(bytes(chunk.data))


def samples() -> dict[str, bytes]:
    return {
        "carved-chunk.evtx": session().bytes(),
        "damaged.evtx": damaged(),
        "security.evtx": file_of(security().bytes()),
        "two-chunks.evtx": file_of(sysmon().bytes(padded=True), session().bytes()),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in samples().items():
        (FOLDER / name).write_bytes(content)
