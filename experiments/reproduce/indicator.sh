#!/bin/sh
# Whether the channel that tells known from matching queries matters. About 10 minutes on two cores after components.sh, 20
# without it; a second call continues where it stopped.
. "$(dirname "$0")/keep.sh"
reuse components/both indicator/with
keep_ablation indicator
