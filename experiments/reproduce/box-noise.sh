#!/bin/sh
# Too little box noise, the paper's value, and too much. About 10 minutes on two cores after components.sh, 30 without it; a
# second call continues where it stopped.
. "$(dirname "$0")/keep.sh"
reuse components/labels box-noise/0
reuse components/both box-noise/0.4
keep_ablation box-noise --cells 0,0.4,0.8
