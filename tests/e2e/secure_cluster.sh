#!/usr/bin/env bash
# A cluster as a site runs it: users proven by MUNGE (a munged of this script's own), scheduler and
# agents by certificates of a CA that `usine cluster init` makes. An agent with the certificate of
# another node is refused; users see nothing of each other's jobs.
# Usage: secure_cluster.sh FOLDER_OF_PROGRAMS
source "$(dirname "$0")/checks.sh" "$1"

[ -x /usr/sbin/munged ] || skip "munged is not installed"
[ "$(id -u)" -eq 0 ] || skip "only root can start jobs of several users"
folder=$(mktemp -d "${TMPDIR:-/tmp}/usine-e2e-XXXXXX")
export USINE_E2E_FOLDER=$folder
chmod 711 "$folder"
cd "$folder"
started=()
finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then tail -n 20 "$folder"/*.log >&2 || true; fi
  if [ -n "${job:-}" ] && usine cancel "$job" >/dev/null 2>&1; then
    within 20 job_is_final "$job" || true
  fi
  if [ ${#started[@]} -gt 0 ]; then kill "${started[@]}" 2>/dev/null || true; fi
  wait || true
  rm -rf "$folder"
}
trap finish EXIT

# in_background NAME COMMAND...: its output goes to NAME.log.
in_background() {
  local name=$1
  shift
  "$@" > "$folder/$name.log" 2>&1 &
  started+=($!)
}

as_nobody() {
  setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

refused_with() {
  local words=$1
  shift
  if "$@" > refused.out 2>&1; then return 1; fi
  grep -q -- "$words" refused.out
}

mkdir munge && chmod 711 munge
head -c 1024 /dev/urandom > munge/key && chmod 400 munge/key
in_background munged /usr/sbin/munged --foreground --key-file="$folder/munge/key" \
  --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
  --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
passes "munged comes up" within 20 test -e munge/pid

passes "a CA with folders of two nodes is made" \
  usine cluster init --dir "$folder/ca" --nodes 'node00[1-2]'
passes "a second CA in the same folder is refused" \
  refused_with "add-node" usine cluster init --dir "$folder/ca"
equals "keys are for their owner alone" \
  "$(stat -c %a ca/ca.key ca/scheduler/own.key ca/nodes/node001/own.key | sort -u)" 600
mkdir tls && cp ca/ca.crt tls/   # what a login node has

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(
s.getsockname()[1])')
cat > cluster.yaml <<YAML
cluster: secure
scheduler: {state_folder: $folder/state, listen: "127.0.0.1:$port"}
classes: {small: {machine: gh200}}
nodes: [{names: "node00[1-2]", class: small}]
authentication: {method: munge, munge_socket: $folder/munge/socket}
tls: {folder: $folder/ca/scheduler, ca: $folder/tls/ca.crt}
private_data: [jobs, history, reports]
YAML
export USINE_CONFIG=$folder/cluster.yaml
passes "the cluster file is sound" usine config check cluster.yaml
in_background scheduler usine-scheduler --state "$folder/state" --config cluster.yaml
passes "the scheduler serves" within 30 test -e state/scheduler.address
address=127.0.0.1:$port   # as users find it, who cannot read the state folder

passes "an agent does not take the folder of another node" \
  refused_with "certificate of 'node002'" usine-agent --scheduler "$address" --node node001 \
  --state "$folder/agent0" --like gh200 --tls-dir "$folder/ca/nodes/node002"
passes "a key that others can read is refused" bash -c "
  cp -r ca/nodes/node001 open && chmod 644 open/own.key &&
  ! usine-agent --scheduler $address --node node001 --state $folder/agent0 --like gh200 \
    --tls-dir open 2> refused.out && grep -q 'chmod 600' refused.out"
for node in node001 node002; do
  in_background "$node" usine-agent --scheduler "$address" --node "$node" --like gh200 \
    --state "$folder/agent-$node" --tls-dir "$folder/ca/nodes/$node"
done
passes "two agents have joined by their certificates" within 60 all_nodes_up 2

mkdir work && chmod 777 work && cd work
job=$(as_nobody env HOME=/tmp "$bin/usine" submit --parsable --wrap 'id -u; sleep 300' -o own.out)
job_runs() { [ "$(usine show job "$1" --json | json 'd["state"]')" = running ]; }
passes "the job of a user whom MUNGE proved runs" within 60 job_runs "$job"
passes "as that user" within 30 grep -qx 65534 own.out
equals "the user is the one of the credential" \
  "$(usine show job "$job" --json | json 'd["user"]')" nobody

as_daemon() {
  setpriv --reuid 1 --regid 1 --clear-groups env HOME=/tmp "$@"
}
for command in show\ job explain attach cancel hold requeue; do
  # shellcheck disable=SC2086
  passes "another user is refused: $command" refused_with "another user" \
    as_daemon "$bin/usine" $command "$job"
done
equals "and sees no job in the queue" \
  "$(as_daemon "$bin/usine" queue --json | json 'len(d["jobs"])')" 0
passes "a user is no operator" refused_with "operator" \
  as_nobody env HOME=/tmp "$bin/usine" node drain --reason x node001
passes "its owner cancels it" as_nobody env HOME=/tmp "$bin/usine" cancel "$job"
passes "it ends" within 60 job_is_final "$job"
passes "users without MUNGE are told what the cluster takes" \
  refused_with "MUNGE" env USINE_TOKEN_FILE=<(echo nobody:aaaa) "$bin/usine" queue
