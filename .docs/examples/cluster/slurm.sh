#!/bin/bash
# One worker per node of a SLURM allocation: sbatch slurm.sh fs01=/lustre/docs
# The environment of sbatch has COREDATA_BASE_URL, COREDATA_API_USER and COREDATA_API_KEY, and
# COREDATA_CLUSTER_URL, COREDATA_CLUSTER_TOKEN_FILE and COREDATA_CLUSTER_FINGERPRINT.
#SBATCH --job-name=coredata-worker
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --time=08:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
set -euo pipefail

# SLURM sends SIGTERM two minutes before the end of the allocation: shards are given back in time.
exec srun --kill-on-bad-exit=0 coredata worker --cluster "$COREDATA_CLUSTER_URL" \
  --share "${1:?usage: sbatch slurm.sh NAME=PATH}" --processes "${SLURM_CPUS_PER_TASK:-4}" \
  --directory "${TMPDIR:-/tmp}/coredata-$SLURM_JOB_ID"
