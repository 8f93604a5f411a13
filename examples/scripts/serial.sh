#!/bin/bash
# The smallest job, written for Slurm and submitted unchanged: one task on one core.
#   usine submit examples/scripts/serial.sh
#SBATCH --job-name=serial
#SBATCH --ntasks=1
#SBATCH --time=5
#SBATCH --output=serial-%j.out

echo "job $SLURM_JOB_ID of $(id -un) on $(hostname), in $PWD"
date --utc
