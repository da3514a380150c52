#!/bin/sh
# How often a difference is claimed where there is none, on real runs: 12 seeds of one very short recipe (two minutes).
. "$(dirname "$0")/keep.sh"
npm --silent start -- compare --recipe quick-wasm --models dn-detr --seeds 12 --out runs/results/false-positives
keep false-positives/summary.json
