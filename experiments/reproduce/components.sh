#!/bin/sh
# Which part of denoising does what, at the quick recipe's full length: boxes, labels, both, and both without the mask.
# About 40 minutes on two cores; stopped, it goes on.
. "$(dirname "$0")/keep.sh"
keep_ablation components
