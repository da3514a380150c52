#!/bin/sh
# The same model with and without denoising: steps to equal AP, cost of a step, distance of anchors. Five seeds, as some
# initial weights leave the plateau without denoising and others do not. About 30 minutes on two cores; stopped, it goes on.
. "$(dirname "$0")/keep.sh"
npm --silent start -- compare --models dn-detr+denoising.groups=0,dn-detr --seeds 5 --out runs/results/convergence
keep convergence/summary.json
