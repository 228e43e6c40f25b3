#!/bin/sh
# hikeshi-memory list=@LIST@
# Streams this host's memory to storage, part by part. Nothing is written to its disks, no credential comes here, and
# nothing is built here: one of the tools in the other files is expected ready. One part at a time is held in memory (/dev/shm).
# Prints one line of JSON. Ends with 3: no tool, 4: a needed program is missing, 5: image larger than planned,
# 6: a part could not be stored, 7: the tool failed, 8: the list could not be fetched.
set -eu
umask 077
LIST='@LIST@'
# @TOOLS@

fail() {
  echo "hikeshi: $2" >&2
  exit "$1"
}

# URLs go in on standard input: arguments can be read by every user of the host.
fetch() {
  url=$1
  shift
  printf 'url = "%s"\n' "$url" | curl -q -fsS --retry 3 -K - "$@"
}

DUMP=
missing=
for kind in $KINDS; do
  if "${kind}_ready"; then
    TOOL=$("${kind}_tool")
    DUMP=${kind}_dump
    break
  fi
  missing="$missing${missing:+, }$("${kind}_tool")"
done
[ -n "$DUMP" ] || fail 3 "no tool at $missing"
for program in curl head mkfifo mktemp sed sha256sum tee tr wc; do
  command -v "$program" >/dev/null || fail 4 "no $program on this host"
done

WORK=$(mktemp -d /dev/shm/hikeshi.XXXXXX)
trap 'rm -rf "$WORK"' EXIT
fetch "$LIST" -o "$WORK/list" || fail 8 "the list of part addresses could not be fetched"
PART_BYTES=$(sed -n 's/.*"part_bytes": *\([0-9][0-9]*\).*/\1/p' "$WORK/list")
tr ',' '\n' <"$WORK/list" | sed -n 's/.*"\(http[^"]*\)".*/\1/p' >"$WORK/urls"

mkfifo "$WORK/image" "$WORK/copy"
sha256sum <"$WORK/copy" >"$WORK/sum" &
HASHING=$!
{ "$DUMP" 2>"$WORK/said" || echo "$?" >"$WORK/failed"; } | tee "$WORK/copy" >"$WORK/image" &
exec 3<"$WORK/image"

number=0
bytes=0
parts=
while :; do
  head -c "$PART_BYTES" <&3 >"$WORK/part"
  size=$(wc -c <"$WORK/part" | tr -d ' ')
  [ "$size" -gt 0 ] || break
  number=$((number + 1))
  url=$(sed -n "${number}p" "$WORK/urls")
  [ -n "$url" ] || fail 5 "the image is larger than planned ($bytes bytes stored)"
  fetch "$url" -T "$WORK/part" -H 'Expect:' -D "$WORK/head" -o /dev/null || fail 6 "part $number could not be stored"
  etag=$(tr -d '\r"' <"$WORK/head" | sed -n 's/^[Ee][Tt][Aa][Gg]: *\(.*\)$/\1/p')
  parts="$parts${parts:+,}{\"number\":$number,\"etag\":\"$etag\"}"
  bytes=$((bytes + size))
done
wait "$HASHING"
[ ! -e "$WORK/failed" ] || fail 7 "the tool ended with $(cat "$WORK/failed"): $(head -c 300 "$WORK/said")"

printf '{"tool":"%s","tool_sha256":"%s","bytes":%s,"sha256":"%s","parts":[%s],"kernel":"%s"}\n' \
  "$TOOL" "$(sha256sum <"$TOOL" | head -c 64)" "$bytes" "$(head -c 64 "$WORK/sum")" "$parts" \
  "$(uname -r | tr -cd 'A-Za-z0-9._+-')"
