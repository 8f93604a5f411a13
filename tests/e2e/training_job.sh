#!/usr/bin/env bash
# The training job over a cluster of four emulated DGX-H100-like nodes on this machine: placed by
# their shape, wired up by PMIx, its loss that of one rank alone, its placement and history told.
# Usage: training_job.sh FOLDER_OF_PROGRAMS
source "$(dirname "$0")/checks.sh" "$1"

[ -x "$bin/usine-train" ] || skip "the trainer is not built, since no MPI was found"
folder=$(mktemp -d "${TMPDIR:-/tmp}/usine-e2e-XXXXXX")
export USINE_STATE=$folder/state
cd "$folder"
finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then tail -n 20 "$USINE_STATE"/*.log >&2 || true; fi
  usine down >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap finish EXIT

passes "a cluster of four nodes comes up" usine up --nodes 4 --like dgx-h100 --detach
passes "four agents have joined" within 60 all_nodes_up 4

job=$(usine submit --parsable "$source_dir/examples/scripts/train.sh" --epochs 5)
passes "the training job ends" within 240 job_is_final "$job"
usine show job "$job" --json > job.json
equals "the job has completed" "$(json 'd["state"]' < job.json)" completed

output=train-$job.out
passes "rank 0 saw eight ranks, two on each of the four nodes" \
  grep -q '^world=8 hosts=node001:2,node002:2,node003:2,node004:2 ' "$output"
passes "the ranks saw the eight GPUs of their node" \
  grep -q ' gpus=0,1,2,3,4,5,6,7/0,1,2,3,4,5,6,7;' "$output"
passes "ranks without a real GPU talk over MPI" grep -q ' transport=mpi ' "$output"
passes "the loss falls" losses_fall "$output"
alone=$(usine-train --epochs 5 | grep '^final ')
equals "the final loss is that of one rank alone" "$(grep '^final ' "$output")" "$alone"

equals "the job was placed on four nodes" "$(json 'len(d["placement"])' < job.json)" 4
equals "each with its eight GPUs" "$(json '[node["gpus"] for node in d["placement"]]' < job.json)" \
  "['0-7', '0-7', '0-7', '0-7']"
equals "and four cores for each of its two tasks" \
  "$(json '[size(node["cores"]) for node in d["placement"]]' < job.json)" '[8, 8, 8, 8]'
equals "and NICs near them" \
  "$(json 'all(len(node["nics"]) > 0 for node in d["placement"])' < job.json)" True
equals "under both leaf switches, two nodes each, in rank order" \
  "$(json '[node["leaf"] for node in d["placement"]]' < job.json)" \
  "['leaf1', 'leaf1', 'leaf2', 'leaf2']"

usine history --json > history.json
equals "history holds the job with its GPUs" \
  "$(json '[(e["state"], e["nodes"], e["gpus"]) for e in d["jobs"]]' < history.json)" \
  "[('completed', 4, 32)]"

for script in serial torchrun; do
  job=$(usine submit --parsable "$source_dir/examples/scripts/$script.sh")
  passes "the example $script.sh ends" within 60 job_is_final "$job"
  equals "and has completed" "$(usine show job "$job" --json | json 'd["state"]')" completed
done

passes "the cluster goes down" usine down
passes "no process of the cluster stays" nothing_runs_with "USINE_STATE=$USINE_STATE"
