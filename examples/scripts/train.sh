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

# usine and usine-train lie in one folder: the one in PATH, that of a checkout from which this was
# submitted, or what USINE_BIN names.
usine=$(command -v usine) || usine=$SLURM_SUBMIT_DIR/build/release/bin/usine
programs=${USINE_BIN:-$(dirname "$usine")}
if [ ! -x "$programs/usine-train" ]; then
  echo "train.sh: no usine-train in $programs: it is built where MPI is; or set USINE_BIN" >&2
  exit 1
fi

exec "$programs/usine" run -- "$programs/usine-train" "$@"
