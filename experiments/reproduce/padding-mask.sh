#!/bin/sh
# Whether hiding padded known queries from attention matters; the reference does not hide them. About 10 minutes on two cores
# after components.sh, 20 without it; a second call continues where it stopped.
. "$(dirname "$0")/keep.sh"
reuse components/both padding-mask/hidden
keep_ablation padding-mask
