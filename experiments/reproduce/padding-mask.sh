#!/bin/sh
# Whether padded known queries may be seen, as in the reference. About 10 minutes on two cores after components.sh, 20 without
# it; stopped, it goes on.
. "$(dirname "$0")/keep.sh"
reuse components/both padding-mask/hidden
keep_ablation padding-mask
