"""Prints what TensorBoard shows of a folder of event files: {tag: [{"step", "wallTime", "value"}, ...]}."""

import json
import logging
import sys

from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

# It warns of every restart of a run.
logging.disable(logging.WARNING)

# The one that TensorBoard shows data through. It reads scalars as tensors; 0 keeps all of them, not a sample.
accumulator = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0})
accumulator.Reload()
scalars = {
    tag: [
        {"step": event.step, "wallTime": event.wall_time, "value": make_ndarray(event.tensor_proto).item()}
        for event in accumulator.Tensors(tag)
    ]
    for tag in accumulator.Tags()["tensors"]
}
print(json.dumps(scalars))
