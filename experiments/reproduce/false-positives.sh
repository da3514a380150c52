#!/bin/sh
# How often a difference is claimed where there is none, measured on real runs: 12 seeds of a very short recipe. Two minutes.
. "$(dirname "$0")/keep.sh"
npm --silent start -- compare --recipe quick-wasm --models dn-detr --seeds 12 --out runs/results/false-positives
keep false-positives/summary.json
