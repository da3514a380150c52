#!/bin/sh
# Too little label noise, the paper's value, and too much. About 10 minutes on two cores after components.sh, 30 without it; a
# second call continues where it stopped.
. "$(dirname "$0")/keep.sh"
reuse components/boxes label-noise/0
reuse components/both label-noise/0.2
keep_ablation label-noise --cells 0,0.2,0.5
