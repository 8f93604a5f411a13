#!/bin/bash
# The example training job: two ranks on each of four nodes, every node with all its GPUs.
#   usine submit examples/scripts/train.sh [options of usine-train]
# Options given to usine submit win over the lines below.
#USINE --job-name=train
#USINE --nodes=4
#USINE --ntasks-per-node=2
#USINE --gpus-per-node=8
#USINE --cpus-per-task=4
#USINE --time=10
#USINE --output=train-%j.out

# usine-train lies beside usine; USINE_TRAIN names another.
trainer=${USINE_TRAIN:-$(dirname "$(command -v usine)")/usine-train}
if [ ! -x "$trainer" ]; then
  echo "train.sh: no trainer at $trainer: it is built where MPI is installed; or set USINE_TRAIN" >&2
  exit 1
fi

exec usine run -- "$trainer" "$@"
