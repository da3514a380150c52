"""Times training steps of original repositories in PyTorch for `bench step`: one JSON document a line, in and out.

Their code is imported from checkouts of IDEA-Research/DINO and IDEA-Research/DN-DETR (`models/dn_dab_deformable_detr`), one
of them in a process; attention is their `ms_deform_attn_core_pytorch`.

In: at first what to build, {"original": "DINO" or "DN-DETR", "folder" of the checkout, "threads", "image": {"height",
"width"}, "images": ARRAY, or "levels" of features: [ARRAY, ...], "known" queries an image, and sizes of the model}, where
ARRAY is {"shape": NHWC, "values": float32 in base64}. Then {"targets": [[{"labels", "boxes"}, ...], ...]}, of each image of
each step, boxes cxcywh in 0..1.
Out: the version at first, {} once the model is built, then {"ms": [...]} of the steps; {"error"} in place of these.
"""

import base64
import importlib
import inspect
import json
import os
import runpy
import sys
import time
import types
import warnings
from unittest.mock import MagicMock

import scipy  # The matchers need it: a Python without it is to be told at the start.
import torch
import torchvision  # Needed by the backbones and by the operations on boxes.
from torch import nn


def modules_of(folder, package):
    """The modules of `models/PACKAGE` by name, as they run on a CPU."""
    # Imported there, but used by no step.
    for name in ("MultiScaleDeformableAttention", "panopticapi.utils", "timm.models.layers"):
        for end in (i for i, mark in enumerate(f"{name}.") if mark == "."):
            sys.modules[name[:end]] = MagicMock()
    # The __init__ of these packages would import all models.
    for name in ("models", f"models.{package}"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [os.path.join(folder, *name.split("."))]
    sys.path.insert(0, folder)
    load = lambda name: importlib.import_module(f"models.{package}.{name}")

    move = torch.Tensor.to
    is_cuda = lambda device: isinstance(device, str) and device == "cuda"
    torch.Tensor.to = lambda x, *args, **named: x if any(map(is_cuda, args)) else move(x, *args, **named)
    torch.Tensor.cuda = lambda x: x
    core = load("ops.functions.ms_deform_attn_func").ms_deform_attn_core_pytorch
    attend = lambda value, sizes, start, locations, weights, step: core(value, sizes.tolist(), locations, weights)
    load("ops.modules.ms_deform_attn").MSDeformAttnFunction = types.SimpleNamespace(apply=attend)
    return load


def for_width(width, function):
    """The sine embedding of anchors, in which half of width 256 is written out."""
    scope = dict(function.__globals__)
    exec(inspect.getsource(function).replace("128", str(width // 2)), scope)
    return scope[function.__name__]


def tensor_of(array):
    values = torch.frombuffer(bytearray(base64.b64decode(array["values"])), dtype=torch.float32)
    return values.view(array["shape"]).permute(0, 3, 1, 2).contiguous()


def unpadded(x):
    from util.misc import NestedTensor

    return NestedTensor(x, torch.zeros(x.shape[0], *x.shape[2:], dtype=torch.bool))


class Features(nn.Sequential):
    """In place of a backbone: features that it has made before."""

    def __init__(self, levels, positions):
        super().__init__(nn.Identity(), positions)
        self.levels = levels
        self.num_channels = [x.shape[1] for x in levels]
        self.strides = self.num_channels  # Only their number is asked.

    def forward(self, samples):
        levels = [unpadded(x) for x in self.levels]
        return levels, [self[1](level) for level in levels]


def sizes_of(request):
    return {
        "num_classes": request["numClasses"],
        "num_queries": request["queries"],
        "hidden_dim": request["width"],
        "nheads": request["heads"],
        "dim_feedforward": request["feedForward"],
        "enc_layers": request["encoderLayers"],
        "dec_layers": request["decoderLayers"],
        "num_feature_levels": request["featureLevels"],
    }


def build_dino(load, request, levels):
    """The model; its criterion; and from a batch to the model's output and the number of known queries."""
    module = load("dino")
    config = runpy.run_path(os.path.join(request["folder"], "config", "DINO", "DINO_4scale.py"))
    args = types.SimpleNamespace(**{**config, **sizes_of(request), "dn_number": request["known"] // 2, "device": "cpu"})
    if levels:
        positions = load("position_encoding").build_position_encoding(args)
        module.build_backbone = lambda _: Features(levels, positions)
    # Weights would be downloaded by the main process.
    load("backbone").is_main_process = lambda: False
    model, criterion, _ = module.build_dino(args)

    def losses(samples, targets):
        outputs = model(samples, targets)
        return criterion(outputs, targets), outputs["dn_meta"]["pad_size"]

    return model, criterion, losses


def build_dn_deformable_detr(load, request, levels):
    """The same of DN-DETR, with the defaults of its main.py."""
    module = load("dab_deformable_detr")
    args = types.SimpleNamespace(
        **sizes_of(request), position_embedding="sine", dropout=0.0, enc_n_points=4, dec_n_points=4, two_stage=False,
        set_cost_class=2, set_cost_bbox=5, set_cost_giou=2,
    )  # fmt: skip
    backbone = Features(levels, load("position_encoding").build_position_encoding(args))
    transformer = load("deformable_transformer").build_deforamble_transformer(args)
    sizes = (args.num_classes, args.num_queries, args.num_feature_levels)
    model = module.DABDeformableDETR(backbone, transformer, *sizes)
    weights = {"loss_ce": 1, "loss_bbox": 5, "loss_giou": 2}
    weights |= {f"tgt_{name}": weight for name, weight in weights.items()}
    weights |= {f"{name}_{i}": weight for name, weight in weights.items() for i in range(args.dec_layers - 1)}
    matcher = load("matcher").build_matcher(args)
    criterion = module.SetCriterion(args.num_classes, matcher, weights, ["labels", "boxes", "cardinality"])

    def losses(samples, targets):
        groups = request["known"] // max(len(target["labels"]) for target in targets)
        outputs, known = model(samples, dn_args=(targets, groups, 0.2, 0.4, 0))
        return criterion(outputs, targets, known), known["pad_size"]

    return model, criterion, losses


def build(request):
    """From the targets of a batch to one training step, which returns its loss."""
    package, builder = {
        "DINO": ("dino", build_dino),
        "DN-DETR": ("dn_dab_deformable_detr", build_dn_deformable_detr),
    }[request["original"]]
    torch.set_num_threads(request["threads"])
    load = modules_of(request["folder"], package)
    transformer = load("deformable_transformer")
    transformer.gen_sineembed_for_position = for_width(request["width"], transformer.gen_sineembed_for_position)
    levels = [tensor_of(level) for level in request.get("levels", [])]
    model, criterion, losses = builder(load, request, levels)
    optimizer = torch.optim.AdamW([x for x in model.parameters() if x.requires_grad], lr=1e-4, weight_decay=1e-4)
    images = tensor_of(request["images"]) if "images" in request else None
    if images is None:
        images = torch.zeros(levels[0].shape[0], 3, request["image"]["height"], request["image"]["width"])

    def step(targets):
        terms, known = losses(unpadded(images), targets)
        if known != request["known"]:
            raise ValueError(f"there are {known} known queries: expected {request['known']}")
        loss = sum(terms[name] * weight for name, weight in criterion.weight_dict.items() if name in terms)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        return loss.item()

    return step


def time_steps(step, batches):
    times = []
    for batch in batches:
        targets = [
            {"labels": torch.tensor(x["labels"], dtype=torch.int64), "boxes": torch.tensor(x["boxes"]).view(-1, 4)}
            for x in batch
        ]
        started = time.perf_counter()
        step(targets)
        times.append(1000 * (time.perf_counter() - started))
    return times


if __name__ == "__main__":
    # What the originals print is not for the reader of the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    answer = lambda document: print(json.dumps(document), file=answers, flush=True)
    answer({"version": torch.__version__})
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if step is None:
                step = build(request)
                answer({})
            else:
                answer({"ms": time_steps(step, request["targets"])})
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})
