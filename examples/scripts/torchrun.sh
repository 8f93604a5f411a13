#!/bin/bash
# A PyTorch job: one torchrun on each node starts a worker for each GPU there, and the workers meet
# at the address that the job's environment names. Without torchrun it prints what it would start.
#   usine submit examples/scripts/torchrun.sh TRAIN.py [ARGUMENTS]
#SBATCH --job-name=torchrun
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=00:30:00
#SBATCH --output=torchrun-%j.out

# The step's shells expand the variables in single quotes, each on its own node.
exec usine run -- bash -c '
  workers=$(tr , "\n" <<<"$CUDA_VISIBLE_DEVICES" | wc -l)
  launch=(torchrun --nnodes="$SLURM_NNODES" --node-rank="$SLURM_NODEID"
          --nproc-per-node="$workers" --rdzv-id="$SLURM_JOB_ID" --rdzv-backend=c10d
          --rdzv-endpoint="$MASTER_ADDR:$MASTER_PORT" "$@")
  if command -v torchrun >/dev/null; then
    exec "${launch[@]}"
  fi
  echo "${launch[*]}"
' torchrun.sh "${@:-train.py}"
