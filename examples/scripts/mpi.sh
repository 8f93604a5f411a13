#!/bin/bash
# Any MPI program, over the job's tasks: usine wires the ranks up, so no mpirun is needed.
#   usine submit examples/scripts/mpi.sh PROGRAM [ARGUMENTS]
#USINE --job-name=mpi
#USINE --nodes=2
#USINE --ntasks-per-node=4
#USINE --time=00:30:00
#USINE --output=mpi-%j.out

if [ $# -eq 0 ]; then
  echo "mpi.sh: name the program to run: usine submit examples/scripts/mpi.sh PROGRAM" >&2
  exit 2
fi

echo "$SLURM_NTASKS ranks on $SLURM_JOB_NODELIST"
exec usine run -- "$@"
