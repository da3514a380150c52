#!/bin/sh
# How much each additional group of known queries gains. About 20 minutes on two cores after components.sh, 40 without it; a
# second call continues where it stopped.
. "$(dirname "$0")/keep.sh"
reuse components/none groups/0
reuse components/both groups/5
keep_ablation groups --cells 0,1,2,5
