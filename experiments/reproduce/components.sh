#!/bin/sh
# Which part of denoising does what, at the full length of the recipe `quick`: boxes, labels, both, and both without the mask.
# About 30 minutes on two cores after convergence.sh, 50 without it; a second call continues where it stopped.
. "$(dirname "$0")/keep.sh"
reuse convergence/dn-detr_denoising.groups=0 components/none
reuse convergence/dn-detr components/both
keep_ablation components
