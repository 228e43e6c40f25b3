# hikeshi-memory list=@LIST@
# The same as capture_memory.sh with WinPmem, which writes a raw image to its standard output. Nothing is written to a disk, no
# credential comes here, nothing is downloaded but the list of signed part addresses. One part at a time is held in memory.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$List = '@LIST@'
$Tool = 'C:\ProgramData\Hikeshi\winpmem.exe'

function Fail([int]$Code, [string]$Said) {
    [Console]::Error.WriteLine("hikeshi: $Said")
    exit $Code
}

if (-not (Test-Path -LiteralPath $Tool)) { Fail 3 "no tool at $Tool" }
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
try { $wanted = (New-Object Net.WebClient).DownloadString($List) | ConvertFrom-Json } catch { Fail 8 'the list of part addresses could not be fetched' }

$start = New-Object Diagnostics.ProcessStartInfo
$start.FileName = $Tool
$start.Arguments = '-'
$start.UseShellExecute = $false
$start.RedirectStandardOutput = $true
$started = [Diagnostics.Process]::Start($start)
$image = $started.StandardOutput.BaseStream
$hashing = [Security.Cryptography.SHA256]::Create()
$buffer = New-Object byte[] ([int]$wanted.part_bytes)
$parts = @()
$total = [int64]0
while ($true) {
    $size = 0
    while ($size -lt $buffer.Length) {
        $read = $image.Read($buffer, $size, $buffer.Length - $size)
        if ($read -le 0) { break }
        $size += $read
    }
    if ($size -eq 0) { break }
    if ($parts.Count -ge $wanted.parts.Count) { $started.Kill(); Fail 5 "the image is larger than planned ($total bytes stored)" }
    try {
        $request = [Net.WebRequest]::Create($wanted.parts[$parts.Count])
        $request.Method = 'PUT'
        $request.ContentLength = $size
        $request.AllowWriteStreamBuffering = $false
        $request.ServicePoint.Expect100Continue = $false
        $stream = $request.GetRequestStream()
        $stream.Write($buffer, 0, $size)
        $stream.Close()
        $answer = $request.GetResponse()
        $etag = $answer.Headers['ETag'].Trim('"')
        $answer.Close()
    } catch { $started.Kill(); Fail 6 "part $($parts.Count + 1) could not be stored" }
    [void]$hashing.TransformBlock($buffer, 0, $size, $null, 0)
    $parts += @{ number = $parts.Count + 1; etag = $etag }
    $total += $size
}
$started.WaitForExit()
if ($started.ExitCode -ne 0) { Fail 7 "the tool ended with $($started.ExitCode)" }
[void]$hashing.TransformFinalBlock($buffer, 0, 0)
[ordered]@{
    tool = $Tool
    tool_sha256 = (Get-FileHash -LiteralPath $Tool -Algorithm SHA256).Hash.ToLower()
    bytes = $total
    sha256 = [BitConverter]::ToString($hashing.Hash).Replace('-', '').ToLower()
    parts = @($parts)
    kernel = [Environment]::OSVersion.Version.ToString()
} | ConvertTo-Json -Compress -Depth 4
