"""Times PyTorch's depthwise convolution for `bench depthwise`: one JSON document per line, in and out.

In: {"size", "stride", "channels", "height", "width", "batch", "threads", "runs"}, with `runs` after one that warms up.
Out: the version first, then for each memory layout, "contiguous" (NCHW) and "channels_last" (NHWC),
{"forward": [...], "both": [...]} in milliseconds; `both` includes the gradients of image and kernel.
"""

import json
import sys
import time

import torch
from torch.nn.functional import conv2d, pad


def same_padding(length, size, stride):
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    size, stride, channels = request["size"], request["stride"], request["channels"]
    torch.set_num_threads(request["threads"])
    rows = same_padding(request["height"], size, stride)
    columns = same_padding(request["width"], size, stride)

    def convolve(image, kernel):
        if rows[0] == rows[1] and columns[0] == columns[1]:
            return conv2d(image, kernel, stride=stride, padding=(rows[0], columns[0]), groups=channels)
        return conv2d(pad(image, columns + rows), kernel, stride=stride, groups=channels)

    def measure(layout):
        image = torch.rand(request["batch"], channels, request["height"], request["width"])
        kernel = torch.rand(channels, 1, size, size)
        image, kernel = (tensor.to(memory_format=layout).requires_grad_() for tensor in (image, kernel))
        gradient = torch.rand_like(convolve(image, kernel))
        times = {"forward": [], "both": []}
        for i in range(request["runs"] + 1):
            started = time.perf_counter()
            output = convolve(image, kernel)
            middle = time.perf_counter()
            torch.autograd.grad(output, [image, kernel], gradient)
            ended = time.perf_counter()
            if i > 0:
                times["forward"].append(1000 * (middle - started))
                times["both"].append(1000 * (ended - started))
        return times

    layouts = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    print(json.dumps({name: measure(layout) for name, layout in layouts.items()}), flush=True)
