#!/bin/sh
# The same model with and without denoising: steps to equal AP, cost of a step, distance of anchors. Five seeds, because some
# initial weights leave the plateau without denoising and others do not. About 30 minutes on two cores; a second call
# continues where it stopped.
. "$(dirname "$0")/keep.sh"
npm --silent start -- compare --models dn-detr+denoising.groups=0,dn-detr --seeds 5 --out runs/results/convergence
keep convergence/summary.json
