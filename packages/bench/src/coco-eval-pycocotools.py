"""The other side of `bench coco-eval`: pycocotools on the two files that are named, one JSON document on stdout.

{"version", "ms": {"load", "evaluate"}, "stats": [12], "perClassAp": [K]}
"""

import contextlib
import importlib.metadata
import json
import sys
import time

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

truth_file, results_file = sys.argv[1:]
with contextlib.redirect_stdout(sys.stderr):
    started = time.perf_counter()
    truth = COCO(truth_file)
    results = truth.loadRes(results_file)
    loaded = time.perf_counter()
    coco = COCOeval(truth, results, "bbox")
    coco.evaluate()
    coco.accumulate()
    coco.summarize()
    done = time.perf_counter()

precision = coco.eval["precision"][:, :, :, 0, 2]
per_class = [precision[:, :, k] for k in range(precision.shape[2])]
print(
    json.dumps(
        {
            "version": importlib.metadata.version("pycocotools"),
            "ms": {"load": 1000 * (loaded - started), "evaluate": 1000 * (done - loaded)},
            "stats": [float(value) for value in coco.stats],
            "perClassAp": [float(p[p > -1].mean()) if (p > -1).any() else -1.0 for p in per_class],
        }
    )
)
