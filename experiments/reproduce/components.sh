#!/bin/sh
# Which part of denoising does what, at the quick recipe's full length: boxes, labels, both, and both without the mask.
# About 30 minutes on two cores after convergence.sh, 50 without it; stopped, it goes on.
. "$(dirname "$0")/keep.sh"
reuse convergence/dn-detr_denoising.groups=0 components/none
reuse convergence/dn-detr components/both
keep_ablation components
