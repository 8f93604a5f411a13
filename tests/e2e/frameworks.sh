#!/usr/bin/env bash
# The example scripts for MPI's own mpirun and for torchrun, over emulated nodes of this machine:
# the ranks lie where the job has its tasks, find each other, and end with the job.
# Usage: frameworks.sh FOLDER_OF_PROGRAMS
source "$(dirname "$0")/checks.sh" "$1"

folder=$(mktemp -d "${TMPDIR:-/tmp}/usine-e2e-XXXXXX")
export USINE_STATE=$folder/state
# Open MPI does not run for root unless it is told so, and root is who runs tests here.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
cd "$folder"
finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then tail -n 30 "$USINE_STATE"/*.log ./*.out >&2 || true; fi
  usine down >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap finish EXIT

state_of() {
  usine show job "$1" --json | json 'd["state"]'
}

passes "a cluster of three nodes comes up" usine up --nodes 3 --detach
passes "three agents have joined" within 60 all_nodes_up 3

# ---- torchrun: torch's own, or one that checks what it is given
if ! command -v torchrun >/dev/null; then
  export PATH="$source_dir/tests/e2e/stand_ins:$PATH"
fi
cat > train.py <<'PYTHON'
import os
place = [os.environ[name] for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE")]
os.write(1, f"worker {' '.join(place)}\n".encode())  # whole, among those of the others
PYTHON
job=$(usine submit --parsable "$source_dir/examples/scripts/torchrun.sh" train.py)
passes "torchrun's job ends" within 120 job_is_final "$job"
equals "and has completed" "$(state_of "$job")" completed
grep '^worker ' "torchrun-$job.out" | sort -n -k2 > workers
for rank in 0 1 2 3 4 5 6 7; do echo "worker $rank $((rank % 4)) 8"; done > expected
passes "four workers on each of two nodes, with the ranks of one world" diff expected workers

# ---- mpirun
if ! command -v mpirun >/dev/null || ! command -v mpicc >/dev/null; then
  echo "SKIPPED: the mpirun part of frameworks.sh: there is no Open MPI here"
  exit 0
fi
mpicc -o sum "$source_dir/examples/mpi/sum.c"
job=$(usine submit --parsable --nodes=3 "$source_dir/examples/scripts/mpirun.sh" ./sum)
passes "mpirun's job ends" within 240 job_is_final "$job"
equals "and has completed" "$(state_of "$job")" completed
passes "the sum over six ranks is right" grep -qx 'sum 21 right' "mpirun-$job.out"
equals "there were as many ranks as the job has tasks" "$(grep -c ' of 6 on ' "mpirun-$job.out")" 6
if usine run -N1 uname -n | grep -q "^node00"; then
  equals "two of them on each node" \
    "$(sed -n 's/^rank .* on //p' "mpirun-$job.out" | sort | uniq -c | tr -s ' \n' ' ')" \
    " 2 node001 2 node002 2 node003 "
fi

# A rank on each node that tells its groups and its job, and stays.
cat > linger.sh <<'SCRIPT'
#!/bin/bash
cp /proc/self/cgroup "cgroup.$OMPI_COMM_WORLD_RANK"
echo "${RANK-none} ${WORLD_SIZE-none}" > "told.$OMPI_COMM_WORLD_RANK"
touch "up.$OMPI_COMM_WORLD_RANK"
exec sleep 100000.25
SCRIPT
chmod +x linger.sh
all_up() {
  [ -e up.0 ] && [ -e up.1 ]
}
job=$(usine submit --parsable --nodes=2 --ntasks-per-node=1 \
  "$source_dir/examples/scripts/mpirun.sh" ./linger.sh)
passes "a rank of mpirun runs on each of two nodes" within 120 all_up
equals "mpirun's daemons hand no rank of their own on" "$(cat told.1)" "none none"
if grep -q usine cgroup.0; then
  passes "and both are in groups of the job" grep -q "usine.*[^0-9]$job[^0-9]" cgroup.0 cgroup.1
fi
passes "the job is cancelled" usine cancel "$job"
passes "and ends" within 120 job_is_final "$job"
passes "and nothing of it is left on any node" nothing_runs_with "USINE_JOB_ID=$job"

passes "the cluster goes down" usine down
