#!/bin/sh
# The parts of denoising on the photographs that come along, from scratch, with a small budget and one seed: a glimpse, not
# evidence. Leaves its page in runs/results/bccd-from-scratch. About 25 minutes on two cores; if stopped, it goes on.
cd "$(dirname "$0")/../.."
npm --silent start -- ablate components --data photos --recipe small --steps 2000 --seeds 1 --processes 2 \
  --out runs/results/bccd-from-scratch
