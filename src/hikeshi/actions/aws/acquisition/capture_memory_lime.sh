# LiME: a kernel module that was built beforehand for exactly this kernel (Graviton as well). It gives the image to the first who
# connects to a port of the loop; bash is the one program on every host that can connect without being installed for it.
LIME="/opt/hikeshi/lime-$(uname -r).ko"
LIME_PORT=4444
lime_tool() { echo "$LIME"; }
lime_ready() { [ -f "$LIME" ] && command -v bash insmod rmmod >/dev/null; }
lime_dump() {
  insmod "$LIME" "path=tcp:$LIME_PORT" format=lime localhostonly=1 >&2 &
  loading=$!
  # shellcheck disable=SC2016  # for the inner shell
  bash -c '
    for try in $(seq 100); do
      if { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null; then exec cat <&3; fi
      sleep 0.1
    done
    echo "LiME did not open its port" >&2
    exit 1
  ' lime "$LIME_PORT" && read=0 || read=1
  wait "$loading" && loaded=0 || loaded=1
  rmmod lime >&2 || true
  [ "$read$loaded" = 00 ]
}
