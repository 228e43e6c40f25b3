# hikeshi-firewall mode=@MODE@ token=@TOKEN@ seconds=@SECONDS@ allow=@ALLOW@
# The same as host_firewall.sh with Windows Firewall: rules in a group of their own that block every address but the allowed ones,
# link-local, the resolvers and the DHCP server of this host. A block wins over any rule that allows; no rule that exists is edited,
# and removing the group is the whole way back. A scheduled task is the timer.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$Mode = '@MODE@'
$Token = '@TOKEN@'
$Seconds = '@SECONDS@'
$Allow = '@ALLOW@'
$Group = 'Hikeshi isolation'
$Task = 'Hikeshi isolation release'

function Fail([int]$Code, [string]$Said) {
    [Console]::Error.WriteLine("hikeshi: $Said")
    exit $Code
}

if ("$Allow$Token$Seconds" -match '[^0-9a-fA-F.:/,]') { Fail 5 "not a list of addresses: $Allow" }

function ToNumber([string]$Address) {
    $octets = ([Net.IPAddress]::Parse($Address)).GetAddressBytes()
    [Array]::Reverse($octets)
    [BitConverter]::ToUInt32($octets, 0)
}

function ToAddress([uint64]$Number) {
    $octets = [BitConverter]::GetBytes([uint32]$Number)
    [Array]::Reverse($octets)
    ([Net.IPAddress]::new($octets)).ToString()
}

# What is left of the IPv4 addresses without those let through, as ranges "first-last".
function Everything-But([string[]]$Passed) {
    $spans = foreach ($one in $Passed) {
        $parts = $one.Split('/')
        $length = if ($parts.Count -gt 1) { [int]$parts[1] } else { 32 }
        $size = [uint64][Math]::Pow(2, 32 - $length)
        $first = [uint64](ToNumber $parts[0])
        $first = $first - ($first % $size)
        [pscustomobject]@{ First = $first; Last = $first + $size - 1 }
    }
    $next = [uint64]0
    foreach ($span in ($spans | Sort-Object First)) {
        if ($span.First -gt $next) { '{0}-{1}' -f (ToAddress $next), (ToAddress ($span.First - 1)) }
        if ($span.Last + 1 -gt $next) { $next = $span.Last + 1 }
    }
    if ($next -le 4294967295) { '{0}-{1}' -f (ToAddress $next), (ToAddress 4294967295) }
}

function Passed {
    $Allow.Split(',') | Where-Object { $_ -and $_ -notmatch ':' }
    '127.0.0.0/8'
    '169.254.0.0/16'
    '255.255.255.255'
    (Get-DnsClientServerAddress -AddressFamily IPv4).ServerAddresses
    (Get-CimInstance Win32_NetworkAdapterConfiguration | Where-Object { $_.DHCPServer }).DHCPServer
}

function Ours { Get-NetFirewallRule -Group $Group -ErrorAction SilentlyContinue }

function Off {
    Unregister-ScheduledTask -TaskName $Task -Confirm:$false -ErrorAction SilentlyContinue
    Ours | Remove-NetFirewallRule
}

function Arm {
    $command = "Get-NetFirewallRule -Group '$Group' -ErrorAction SilentlyContinue | Remove-NetFirewallRule"
    $run = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -NonInteractive -Command `"$command`""
    $at = New-ScheduledTaskTrigger -Once -At (Get-Date).AddSeconds([int]$Seconds)
    Register-ScheduledTask -TaskName $Task -Action $run -Trigger $at -User 'SYSTEM' -RunLevel Highest -Force | Out-Null
}

function Sockets {
    $passed = @(Passed)
    Get-NetTCPConnection -State Established -ErrorAction SilentlyContinue |
        Where-Object { $_.RemoteAddress -notin $passed -and $_.RemoteAddress -notmatch '^(127\.|169\.254\.|::1$|fe80:)' } |
        Select-Object -First 60 |
        ForEach-Object { 'tcp ESTAB {0}:{1} {2}:{3}' -f $_.LocalAddress, $_.LocalPort, $_.RemoteAddress, $_.RemotePort }
}

# Every rule but ours, in one text: the same before and after, if nobody else changed one.
function Ruleset {
    $rules = Get-NetFirewallRule -PolicyStore PersistentStore | Where-Object { $_.Group -ne $Group } |
        ForEach-Object { '{0} {1} {2} {3} {4}' -f $_.Name, $_.Enabled, $_.Direction, $_.Action, $_.Profile } | Sort-Object
    $octets = [Text.Encoding]::UTF8.GetBytes($rules -join "`n")
    [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($octets)).Replace('-', '').ToLower()
}

$before = @(Sockets)
switch ($Mode) {
    'on' {
        Arm
        try {
            $four = @(Everything-But @(Passed))
            $six = @('2000::/3', 'fc00::/7')
            foreach ($way in 'Inbound', 'Outbound') {
                New-NetFirewallRule -DisplayName "$Group $way" -Group $Group -Direction $way -Action Block -Profile Any `
                    -RemoteAddress ($four + $six) | Out-Null
            }
        } catch {
            Off
            Fail 7 "Windows Firewall did not take the rules: $_"
        }
    }
    'confirm' {
        if (-not (Ours)) { Fail 6 'there are no rules to confirm' }
        Unregister-ScheduledTask -TaskName $Task -Confirm:$false -ErrorAction SilentlyContinue
    }
    'off' { Off }
    'look' { }
    default { Fail 3 "unknown mode $Mode" }
}

[ordered]@{
    mode = $Mode
    table = [bool](Ours)
    waiting = [bool](Get-ScheduledTask -TaskName $Task -ErrorAction SilentlyContinue)
    ruleset_sha256 = Ruleset
    before = $before
    left = @(Sockets)
} | ConvertTo-Json -Compress
