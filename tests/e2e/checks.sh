# Shared by the end-to-end scripts: sourced, with the folder of Usine's programs as $1. A script
# says what it shows as it goes, ends with 1 at the first thing that is not so, and with 77 where it
# cannot run here.
set -euo pipefail

bin=$(cd "$1" && pwd)
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export PATH="$bin:$PATH"

skip() {
  echo "SKIPPED: $(basename "$0"): $1"
  exit 77
}

broken() {
  echo "FAILED: $(basename "$0"): $1" >&2
  exit 1
}

# passes SENTENCE COMMAND...: the command succeeds, or the sentence is not true.
passes() {
  local sentence=$1
  shift
  if ! "$@"; then broken "$sentence"; fi
  echo "ok: $sentence"
}

# equals SENTENCE FOUND EXPECTED
equals() {
  if [ "$2" != "$3" ]; then broken "$1: found '$2', expected '$3'"; fi
  echo "ok: $1"
}

# within SECONDS COMMAND...: asks every 50 ms whether the command succeeds.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
    sleep 0.05
  done
}

# json EXPRESSION: of the document on standard input, as `d` in Python; size("0-3,8") is 5.
json() {
  python3 -c '
import json, sys

def size(ranges):
    ends = [list(map(int, part.split("-"))) for part in ranges.split(",") if part]
    return sum(end[-1] - end[0] + 1 for end in ends)

d = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"
}

nodes_up() {
  usine node list --json | json 'sum(node["state"] == "up" for node in d["nodes"])'
}

all_nodes_up() {
  [ "$(nodes_up)" = "$1" ]
}

job_is_final() {
  case "$(usine show job "$1" --json | json 'd["state"]')" in
    pending | preparing | running | stopping) return 1 ;;
  esac
}

# The losses that a trainer's output file holds fall from the first epoch to the last.
losses_fall() {
  python3 - "$1" <<'PYTHON'
import re, sys
losses = [float(x) for x in re.findall(r"^epoch=\d+ loss=(\S+)$", open(sys.argv[1]).read(), re.M)]
sys.exit(0 if len(losses) > 1 and losses[-1] < losses[0] else 1)
PYTHON
}

# nothing_runs_with NAME=VALUE: no process but this script's own was started with that variable.
nothing_runs_with() {
  local environ pid
  for environ in /proc/[0-9]*/environ; do
    pid=$(basename "$(dirname "$environ")")
    if [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ]; then continue; fi
    if tr '\0' '\n' 2>/dev/null < "$environ" | grep -qxF "$1"; then
      echo "still there: $(tr '\0' ' ' < "/proc/$pid/cmdline")" >&2
      return 1
    fi
  done
}
