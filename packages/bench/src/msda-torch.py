"""Times the sampling of deformable attention in PyTorch for `bench msda`: one JSON document per line, in and out.

In: {"levels": [[height, width], ...], "batch", "queries", "heads", "width", "points", "threads", "runs"}.
Out: the version first, then {"forward": [...], "backward": [...]} in milliseconds.
"""

import json
import sys
import time

import torch
from torch.nn.functional import grid_sample


def sample(value, levels, locations, weights):
    """Sample as ms_deform_attn_core_pytorch of Deformable-DETR does: one grid_sample per level, then a weighted sum."""
    batch, _, heads, channels = value.shape
    queries, points = locations.shape[1], locations.shape[4]
    sampled = []
    for i, pixels in enumerate(value.split([height * width for height, width in levels], dim=1)):
        maps = pixels.permute(0, 2, 3, 1).reshape(batch * heads, channels, *levels[i])
        grid = (2 * locations[:, :, :, i] - 1).transpose(1, 2).flatten(0, 1)
        sampled.append(grid_sample(maps, grid, mode="bilinear", padding_mode="zeros", align_corners=False))
    shares = weights.transpose(1, 2).reshape(batch * heads, 1, queries, len(levels) * points)
    out = (torch.stack(sampled, dim=-2).flatten(-2) * shares).sum(-1)
    return out.view(batch, heads * channels, queries).transpose(1, 2).contiguous()


print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    torch.set_num_threads(request["threads"])
    levels, batch, queries = request["levels"], request["batch"], request["queries"]
    heads, channels = request["heads"], request["width"] // request["heads"]
    tokens = sum(height * width for height, width in levels)
    points = (batch, queries, heads, len(levels), request["points"])
    value = torch.rand(batch, tokens, heads, channels, requires_grad=True)
    locations = torch.rand(*points, 2, requires_grad=True)
    weights = torch.rand(*points, requires_grad=True)
    gradient = torch.rand(batch, queries, heads * channels)
    times = {"forward": [], "backward": []}
    for _ in range(request["runs"]):
        started = time.perf_counter()
        out = sample(value, levels, locations, weights)
        middle = time.perf_counter()
        torch.autograd.grad(out, [value, locations, weights], gradient)
        ended = time.perf_counter()
        times["forward"].append(1000 * (middle - started))
        times["backward"].append(1000 * (ended - middle))
    print(json.dumps(times), flush=True)
