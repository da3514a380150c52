"""Times scipy.optimize.linear_sum_assignment for `bench matcher`: one JSON document per line, in and out.

In: {"rows", "cols", "cost": base64 of little-endian float64, row by row} loads a matrix; {"runs"} times it.
Out: the version first, then {"ms": [...], "total"} for each {"runs"}.
"""

import base64
import json
import sys
import time

import numpy
import scipy
from scipy.optimize import linear_sum_assignment

print(json.dumps({"version": scipy.__version__}), flush=True)
matrix = numpy.zeros((0, 0))
for line in sys.stdin:
    request = json.loads(line)
    if "cost" in request:
        numbers = numpy.frombuffer(base64.b64decode(request["cost"]), dtype="<f8")
        matrix = numbers.reshape(request["rows"], request["cols"])
        continue
    times = []
    for _ in range(request["runs"]):
        started = time.perf_counter()
        rows, cols = linear_sum_assignment(matrix)
        times.append(1000 * (time.perf_counter() - started))
    print(json.dumps({"ms": times, "total": float(matrix[rows, cols].sum())}), flush=True)
