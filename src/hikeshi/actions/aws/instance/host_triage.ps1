# hikeshi-triage
# Looks at what is lost first: sockets, processes, drivers, users, tasks, agents. The same answer as host_triage.sh gives.
# Only looks: nothing is written, nothing is installed, no credential comes here, no environment is read.
$ErrorActionPreference = 'SilentlyContinue'
$ProgressPreference = 'SilentlyContinue'
$KeptBytes = 17000

function Look([string]$Name, [int]$Most, [scriptblock]$Block) {
    $said = (& $Block 2>$null | Out-String -Width 300)
    if ($said.Length -gt $Most) { $said = $said.Substring(0, $Most) }
    "`n== $Name`n" + $said
}

$text = @(
    (Look 'host' 2000 { [Environment]::OSVersion.VersionString; (Get-Date).ToUniversalTime().ToString('s') + 'Z'; hostname })
    (Look 'sockets' 24000 { netstat -ano })
    (Look 'processes' 32000 {
        Get-CimInstance Win32_Process |
            ForEach-Object { '{0} {1} {2} {3}' -f $_.ProcessId, $_.ParentProcessId, $_.CreationDate, $_.CommandLine }
    })
    (Look 'modules' 8000 { Get-CimInstance Win32_SystemDriver | ForEach-Object { '{0} {1} {2}' -f $_.Name, $_.State, $_.PathName } })
    (Look 'users' 6000 { quser; Get-LocalUser | ForEach-Object { '{0} {1} {2}' -f $_.Name, $_.Enabled, $_.LastLogon } })
    (Look 'containers' 6000 { if (Get-Command docker) { docker ps } })
    (Look 'timers' 12000 {
        Get-ScheduledTask | Where-Object { $_.State -ne 'Disabled' } |
            ForEach-Object { '{0}{1} {2}' -f $_.TaskPath, $_.TaskName, ($_.Actions.Execute -join ' ') }
    })
    (Look 'agents' 2000 { Get-Service AmazonSSMAgent, WinDefend, Sense, CSFalconService, SentinelAgent | ForEach-Object { '{0} {1}' -f $_.Name, $_.Status } })
) -join ''

$bytes = [Text.Encoding]::UTF8.GetBytes($text)
$sum = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($bytes)).Replace('-', '').ToLower()
$memory = New-Object IO.MemoryStream
$packer = New-Object IO.Compression.GZipStream($memory, [IO.Compression.CompressionMode]::Compress)
$packer.Write($bytes, 0, $bytes.Length)
$packer.Close()
$packed = $memory.ToArray()
$held = [Math]::Min($KeptBytes, $packed.Length)
'{{"bytes":{0},"sha256":"{1}","packed":{2},"kept":{3}}}' -f $bytes.Length, $sum, $packed.Length, $KeptBytes
[Convert]::ToBase64String($packed, 0, $held)
