#!/bin/sh
# The parts of denoising on the bundled photographs, from scratch, with a small budget and one seed: a glimpse, not evidence.
# Writes its page to runs/results/bccd-from-scratch. About 25 minutes on two cores; a second call continues where it stopped.
cd "$(dirname "$0")/../.."
npm --silent start -- ablate components --data photos --recipe small --steps 2000 --seeds 1 --processes 2 \
  --out runs/results/bccd-from-scratch
