#!/bin/sh
# The parts of denoising on photographs, with a small budget and one seed: a look, no evidence. Takes the folder of a data set
# such as BCCD (https://github.com/Shenggan/BCCD_Dataset), and leaves its page in runs/results/photographs. About 25 minutes on
# two cores; stopped, it goes on.
data=$(cd "${1:?the folder of a data set}" && pwd)
cd "$(dirname "$0")/../.."
npm --silent start -- ablate components --data "$data" --recipe small --steps 2000 --seeds 1 --processes 2 \
  --out runs/results/photographs
