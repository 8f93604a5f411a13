#!/bin/bash
# An MPI program by its own mpirun, for codes that insist on it: the environment tells mpirun the
# job's nodes and how many ranks each takes, and its daemons run inside the job's share of them.
# `usine run` (mpi.sh) starts the same ranks sooner, and on any number of nodes.
#   usine submit examples/scripts/mpirun.sh PROGRAM [ARGUMENTS]
#SBATCH --job-name=mpirun
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --time=00:30:00
#SBATCH --output=mpirun-%j.out

if [ $# -eq 0 ]; then
  echo "mpirun.sh: name the program: usine submit examples/scripts/mpirun.sh PROGRAM" >&2
  exit 2
fi

exec mpirun "$@"
