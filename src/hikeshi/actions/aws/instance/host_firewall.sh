#!/bin/sh
# hikeshi-firewall mode=@MODE@ token=@TOKEN@ seconds=@SECONDS@ allow=@ALLOW@
# Drops everything but the loop, link-local addresses, the allowed ones, the host's own resolvers (port 53) and DHCP, in an
# nftables table of its own: nothing that exists is edited, and deleting the table is the whole way back.
#   on       arms a timer that deletes the table, then makes it, then destroys the sockets to everywhere else
#   confirm  keeps the table: the agent has answered through it
#   off      deletes the table
#   look     changes nothing
# Prints one line of JSON. Ends with 3: unknown mode, 4: a needed program is missing, 5: not an address, 6: there is no table to confirm.
# What it keeps is in /run, which is memory. Connection tracking is left alone: the table drops before it.
set -eu
umask 077
LC_ALL=C
PATH="/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}"
export LC_ALL PATH
MODE='@MODE@'
TOKEN='@TOKEN@'
SECONDS_LEFT='@SECONDS@'
ALLOW='@ALLOW@'
TABLE=hikeshi_isolation
STATE=${HIKESHI_STATE:-/run/hikeshi-isolation}

fail() {
  echo "hikeshi: $2" >&2
  exit "$1"
}

for program in awk grep head nft paste sed sha256sum ss tr; do
  command -v "$program" >/dev/null || fail 4 "no $program on this host"
done
case "$ALLOW$TOKEN$SECONDS_LEFT" in
  *[!0-9a-fA-F.:/,]*) fail 5 "not a list of addresses: $ALLOW" ;;
esac

# The allowed addresses of one family ("." or ":"), as the rest of a set's elements.
allowed() {
  printf '%s\n' "$ALLOW" | tr ',' '\n' | grep -F "$1" | sed 's/^/, /' | tr -d '\n' || true
}

# The addresses of the host's resolvers of one family, as a whole set: "elements = { ... }", or nothing.
resolvers() {
  cat /etc/resolv.conf /run/systemd/resolve/resolv.conf 2>/dev/null |
    awk '$1 == "nameserver" { print $2 }' | grep -E "$1" | sort -u | paste -sd, - | sed 's/..*/elements = { & }/' || true
}

rules() {
  cat <<RULES
table inet $TABLE
delete table inet $TABLE
table inet $TABLE {
  set peers4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 169.254.0.0/16$(allowed .) }
  }
  set peers6 {
    type ipv6_addr
    flags interval
    auto-merge
    elements = { fe80::/10$(allowed :) }
  }
  set resolvers4 {
    type ipv4_addr
    $(resolvers '^[0-9.]+$')
  }
  set resolvers6 {
    type ipv6_addr
    $(resolvers '^[0-9a-fA-F:]+$')
  }
  chain input {
    type filter hook input priority -300; policy drop;
    iif "lo" accept
    ip saddr @peers4 accept
    ip6 saddr @peers6 accept
    ip saddr @resolvers4 udp sport 53 accept
    ip saddr @resolvers4 tcp sport 53 accept
    ip6 saddr @resolvers6 udp sport 53 accept
    ip6 saddr @resolvers6 tcp sport 53 accept
    udp sport 67 udp dport 68 accept
    udp sport 547 udp dport 546 accept
    icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
  }
  chain output {
    type filter hook output priority -300; policy drop;
    oif "lo" accept
    ip daddr @peers4 accept
    ip6 daddr @peers6 accept
    ip daddr @resolvers4 udp dport 53 accept
    ip daddr @resolvers4 tcp dport 53 accept
    ip6 daddr @resolvers6 udp dport 53 accept
    ip6 daddr @resolvers6 tcp dport 53 accept
    udp sport 68 udp dport 67 accept
    udp sport 546 udp dport 547 accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept
  }
  chain forward {
    type filter hook forward priority -300; policy drop;
  }
}
RULES
}

# The timer deletes the table unless it was confirmed, or switched off and on again for another reason, meanwhile.
arm() {
  mkdir -p "$STATE"
  printf '%s\n' "$TOKEN" >"$STATE/waiting"
  release="[ \"\$(cat '$STATE/waiting' 2>/dev/null)\" != '$TOKEN' ] || { nft delete table inet $TABLE; rm -rf '$STATE'; }"
  if [ -d /run/systemd/system ] && [ -z "${HIKESHI_STATE:-}" ]; then
    systemd-run --quiet --on-active="$SECONDS_LEFT" --timer-property=AccuracySec=1s sh -c "$release"
  else
    setsid sh -c "sleep $SECONDS_LEFT; $release" >/dev/null 2>&1 </dev/null &
  fi
}

there() {
  nft list table inet "$TABLE" >/dev/null 2>&1
}

off() {
  if there; then nft delete table inet "$TABLE"; fi
  rm -rf "$STATE"
}

# The sockets to anywhere but this host, link-local and the allowed addresses, as ss filters of both families.
elsewhere() {
  four='not dst 127.0.0.0/8 and not dst 169.254.0.0/16'
  six='not dst [::1] and not dst [fe80::]/10 and not dst [::ffff:127.0.0.0]/104'
  for one in $(printf '%s' "$ALLOW" | tr ',' ' '); do
    case $one in
      *:*/*) six="$six and not dst [${one%/*}]/${one#*/}" ;;
      *:*) six="$six and not dst [$one]" ;;
      *) four="$four and not dst $one" ;;
    esac
  done
  ss -4 "$@" -Htu state connected "$four" 2>/dev/null || true
  ss -6 "$@" -Htu state connected "$six" 2>/dev/null || true
}

# As a JSON list of "protocol state local remote".
sockets() {
  elsewhere -n | head -n 60 | awk '{ print $1, $2, $5, $6 }' | tr -cd 'A-Za-z0-9 .:%*[]\n_-' | sed 's/.*/"&"/' | paste -sd, -
}

# The ruleset without our table and without counters: the same before and after, if nobody else changed it.
ruleset() {
  nft -s list ruleset | awk -v ours="table inet $TABLE {" '$0 == ours { skip = 1 } !skip { print } skip && /^}/ { skip = 0 }'
}

BEFORE=$(sockets)
case $MODE in
  on)
    arm
    rules | nft -f - || {
      off
      fail 7 "nft did not take the rules"
    }
    elsewhere -K >/dev/null
    ;;
  confirm)
    there || fail 6 "there is no table to confirm"
    rm -f "$STATE/waiting"
    ;;
  off) off ;;
  look) ;;
  *) fail 3 "unknown mode $MODE" ;;
esac

TABLE_THERE=false
if there; then TABLE_THERE=true; fi
WAITING=false
if [ -e "$STATE/waiting" ]; then WAITING=true; fi
printf '{"mode":"%s","table":%s,"waiting":%s,"ruleset_sha256":"%s","before":[%s],"left":[%s]}\n' \
  "$MODE" "$TABLE_THERE" "$WAITING" "$(ruleset | sha256sum | head -c 64)" "$BEFORE" "$(sockets)"
