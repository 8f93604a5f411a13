#!/usr/bin/env bash
# The training job over four agents in four network namespaces, as on four machines: each node has
# its own address on a bridge and its own host name, and ranks talk over that network. Everything
# lives in namespaces of this script's own and ends with them: nothing is left behind.
# Usage: four_namespaces.sh FOLDER_OF_PROGRAMS
source "$(dirname "$0")/checks.sh" "$1"

node_count=4

# ---- outside: make the namespaces, run the rest in them, see that nothing stays ----------------

if [ "${2:-}" != inside ]; then
  [ -x "$bin/usine-train" ] || skip "the trainer is not built, since no MPI was found"
  command -v ip >/dev/null || skip "the ip command (iproute2) is missing"
  own=(unshare --net --uts --mount --pid --fork --kill-child --mount-proc)
  if [ "$(id -u)" -ne 0 ]; then own+=(--user --map-root-user); fi
  "${own[@]}" ip link add name probe type bridge 2>/dev/null ||
    skip "neither root nor user namespaces may make a network here"
  folder=$(mktemp -d "${TMPDIR:-/tmp}/usine-e2e-XXXXXX")
  trap 'rm -rf "$folder"' EXIT
  status=0
  USINE_E2E_FOLDER=$folder "${own[@]}" bash "$0" "$bin" inside || status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$folder"/*.log >&2 || true
    exit "$status"
  fi
  passes "no process outlives the script" nothing_runs_with "USINE_E2E_FOLDER=$folder"
  exit 0
fi

# ---- inside: a bridge, a scheduler on it, an agent in a namespace for each node ----------------

folder=$USINE_E2E_FOLDER
cd "$folder"
ip link set lo up
ip link add name bridge0 type bridge
ip address add 10.77.0.254/24 dev bridge0
ip link set bridge0 up

cat > cluster.yaml <<YAML
cluster: namespaces
scheduler: {listen: "10.77.0.254:6820"}
classes:
  dgx-h100: {machine: dgx-h100}
fabric:
  site: hall
  children:
    - leaf: leaf[1-2]
nodes:
  - names: node[001-004]
    class: dgx-h100
    leaf: leaf[1-2]
YAML
export USINE_CONFIG=$folder/cluster.yaml

usine-scheduler --state "$folder" --config cluster.yaml > scheduler.log 2>&1 &
passes "the scheduler is ready" within 30 test -s scheduler.address

has_own_network() {
  [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# start_node NUMBER: a namespace with a host name and an address of its own, and an agent in it.
start_node() {
  local name
  name=$(printf 'node%03d' "$1")
  mkfifo "$name.ready"
  unshare --net --uts bash -c '
    hostname "$1"
    read -r < "$1.ready"
    exec usine-agent --scheduler 10.77.0.254:6820 --node "$1" --state "$PWD/$1" \
      --secret-file agent.secret --like dgx-h100 --listen-host "$2"
  ' agent "$name" "10.77.0.$1" > "$name.log" 2>&1 &
  local agent=$!
  within 10 has_own_network "$agent" || broken "$name got no network namespace"
  ip link add name "$name" master bridge0 up type veth peer name eth0 netns "$agent"
  nsenter --target "$agent" --net ip link set lo up
  nsenter --target "$agent" --net ip address add "10.77.0.$1/24" dev eth0
  nsenter --target "$agent" --net ip link set eth0 up
  echo go > "$name.ready"
}
for ((number = 1; number <= node_count; ++number)); do start_node "$number"; done
passes "four agents have joined" within 60 all_nodes_up "$node_count"

# ---- what is shown ----------------------------------------------------------------------------

names=$(usine run --nodes=4 --ntasks-per-node=1 -- hostname | sort | paste -sd,)
equals "each node has its own host name" "$names" node001,node002,node003,node004
addresses=$(usine run --nodes=4 --ntasks-per-node=1 -- \
  sh -c 'ip -o -4 address show dev eth0 | grep -o "10\.77\.0\.[0-9]*/"' | sort | paste -sd,)
equals "each node has its own address" "$addresses" 10.77.0.1/,10.77.0.2/,10.77.0.3/,10.77.0.4/

job=$(usine submit --parsable "$source_dir/examples/scripts/train.sh" --epochs 5)
passes "the training job ends" within 240 job_is_final "$job"
usine show job "$job" --json > job.json
equals "the job has completed" "$(json 'd["state"]' < job.json)" completed
output=train-$job.out
passes "rank 0 saw eight ranks, two on each of the four nodes" \
  grep -q '^world=8 hosts=node001:2,node002:2,node003:2,node004:2 ' "$output"
passes "the loss falls" losses_fall "$output"
alone=$(usine-train --epochs 5 | grep '^final ')
equals "the final loss is that of one rank alone" "$(grep '^final ' "$output")" "$alone"
