# AVML, for x86-64 only: one static program, placed there beforehand. It writes LiME's format.
AVML=/opt/hikeshi/avml
avml_tool() { echo "$AVML"; }
avml_ready() { [ "$(uname -m)" = x86_64 ] && [ -x "$AVML" ]; }
avml_dump() { "$AVML" /dev/stdout; }
