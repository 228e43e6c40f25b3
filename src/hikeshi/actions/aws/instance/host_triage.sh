#!/bin/sh
# hikeshi-triage
# Looks at what is lost first: sockets, processes, open files that were deleted, modules, users, containers, timers, agents.
# Only looks: nothing is written to the host's disks, nothing is installed, no credential comes here, no environment is read.
# shellcheck disable=SC2016  # what is in single quotes is for the inner shell
# Prints one line of JSON, then the text, packed with gzip and base64, cut to what Systems Manager keeps of an output.
set -u
umask 077
LC_ALL=C
PATH="/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}"
export LC_ALL PATH
KEPT_BYTES=17000

# name, most bytes, command: each has three seconds, and what it cannot do is left empty.
look() {
  printf '\n== %s\n' "$1"
  timeout -k 1 3 sh -c "$3" 2>/dev/null </dev/null | head -c "$2"
}

collect() {
  look host 2000 'uname -a; date -u +%Y-%m-%dT%H:%M:%SZ; cat /proc/uptime'
  look sockets 24000 'ss -Htunap || cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6'
  look processes 32000 'ps -eo pid,ppid,user,lstart,args'
  look deleted 12000 'ls -l /proc/[0-9]*/exe /proc/[0-9]*/fd/ | grep -e "(deleted)" -e "^/proc/"  | grep -B 1 -e "(deleted)"'
  look modules 8000 'cat /proc/modules; cat /proc/sys/kernel/tainted'
  look users 6000 'who -a; getent passwd; last -n 20'
  look containers 6000 'for tool in docker podman crictl; do command -v "$tool" && "$tool" ps; done'
  look timers 12000 'ls -lR /etc/cron* /var/spool/cron; cat /etc/crontab /etc/cron.d/* /var/spool/cron/* /var/spool/cron/crontabs/*; systemctl list-timers --all --no-pager'
  look agents 2000 'for unit in amazon-ssm-agent auditd falcon-sensor mdatp sentinelone amazon-guardduty-agent; do echo "$unit $(systemctl is-active "$unit")"; done'
}

for program in base64 gzip head sha256sum timeout wc; do
  command -v "$program" >/dev/null || {
    echo "hikeshi: no $program on this host" >&2
    exit 4
  }
done

TEXT=$(collect)
BYTES=$(printf '%s\n' "$TEXT" | wc -c | tr -d ' ')
SUM=$(printf '%s\n' "$TEXT" | sha256sum | head -c 64)
PACKED=$(printf '%s\n' "$TEXT" | gzip -9n | wc -c | tr -d ' ')
printf '{"bytes":%s,"sha256":"%s","packed":%s,"kept":%s}\n' "$BYTES" "$SUM" "$PACKED" "$KEPT_BYTES"
printf '%s\n' "$TEXT" | gzip -9n | head -c "$KEPT_BYTES" | base64 -w 0
echo
