#!/bin/sh
# Too little noise of boxes, that of the paper, too much. About 10 minutes on two cores after components.sh, 30 without it;
# stopped, it goes on.
. "$(dirname "$0")/keep.sh"
reuse components/labels box-noise/0
reuse components/both box-noise/0.4
keep_ablation box-noise --cells 0,0.4,0.8
