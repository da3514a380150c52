"""Times training steps of original repositories in PyTorch for `bench peers`: one JSON document per line, in and out.

Their code is imported from checkouts of IDEA-Research/DINO and IDEA-Research/DN-DETR, one model per process:
DN-DETR is `models/DN_DAB_DETR`, DN-Deformable-DETR is `models/dn_dab_deformable_detr`. Deformable attention is their
`ms_deform_attn_core_pytorch`.

In: first what to build, {"original": "DINO", "DN-DETR" or "DN-Deformable-DETR", "folder" of the checkout, "threads",
"image": {"height", "width"}, "backbone": {"kind", ...}, "images": ARRAY, or "levels" of features: [ARRAY, ...], "known"
queries per image, and sizes of the model}, where ARRAY is {"shape": NHWC, "values": float32 in base64}. Then {"targets":
[[{"labels", "boxes"}, ...], ...]} for each image of each step, with boxes cxcywh in 0..1.
Out: the version first, {"parameters": number of trained parameters} once the model is built, then {"ms": [...] of the
steps, "peakRssMiB": of the process}; or {"error"} instead of these.
"""

import base64
import importlib
import inspect
import json
import os
import resource
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
    """The modules of `models/PACKAGE` by name, adapted to run on a CPU."""
    # Imported by the packages, but used by no step.
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
    return load


def attend_without_cuda(load):
    core = load("ops.functions.ms_deform_attn_func").ms_deform_attn_core_pytorch
    attend = lambda value, sizes, start, locations, weights, step: core(value, sizes.tolist(), locations, weights)
    load("ops.modules.ms_deform_attn").MSDeformAttnFunction = types.SimpleNamespace(apply=attend)


def embed_for_width(module, width):
    """Replace half of width 256, which the sine embedding of anchors has as a literal."""
    function = module.gen_sineembed_for_position
    scope = dict(function.__globals__)
    exec(inspect.getsource(function).replace("128", str(width // 2)), scope)
    module.gen_sineembed_for_position = scope[function.__name__]


def tensor_of(array):
    values = torch.frombuffer(bytearray(base64.b64decode(array["values"])), dtype=torch.float32)
    return values.view(array["shape"]).permute(0, 3, 1, 2).contiguous()


def unpadded(x):
    from util.misc import NestedTensor

    return NestedTensor(x, torch.zeros(x.shape[0], *x.shape[2:], dtype=torch.bool))


class Features(nn.Sequential):
    """Stands in for a backbone, with features that were computed before."""

    def __init__(self, levels, positions):
        super().__init__(nn.Identity(), positions)
        self.levels = levels
        self.num_channels = [x.shape[1] for x in levels]
        self.strides = self.num_channels  # Only their number is asked.

    def forward(self, samples):
        levels = [unpadded(x) for x in self.levels]
        return levels, [self[1](level) for level in levels]


class Convolutions(nn.Module):
    """Stands in for a ResNet: 3x3 convolutions of stride 2, each with group norm and ReLU."""

    def __init__(self, channels):
        super().__init__()
        layers = [
            (nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), nn.GroupNorm(8, after), nn.ReLU(inplace=True))
            for before, after in zip([3, *channels], channels)
        ]
        self.body = nn.Sequential(*(part for layer in layers for part in layer))

    def forward(self, samples):
        return {"0": unpadded(self.body(samples.tensors))}


def sizes_of(request):
    return {
        "num_classes": request["numClasses"],
        "num_queries": request["queries"],
        "hidden_dim": request["width"],
        "nheads": request["heads"],
        "dim_feedforward": request["feedForward"],
        "enc_layers": request["encoderLayers"],
        "dec_layers": request["decoderLayers"],
        "num_feature_levels": request.get("featureLevels"),
    }


# Common settings of the models in IDEA-Research/DN-DETR: defaults of its main.py.
DN_DETR = {
    "position_embedding": "sine", "pe_temperatureH": 20, "pe_temperatureW": 20, "lr_backbone": 1e-5, "masks": False,
    "backbone": "resnet50", "dilation": False, "dropout": 0.0, "pre_norm": False, "transformer_activation": "prelu",
    "num_patterns": 0, "enc_n_points": 4, "dec_n_points": 4, "two_stage": False, "set_cost_class": 2, "set_cost_bbox": 5,
    "set_cost_giou": 2, "focal_alpha": 0.25,
}  # fmt: skip


def dn_detr_losses(load, request, args, model, criterion_of):
    """The criterion of a model in IDEA-Research/DN-DETR; and a function from a batch to its losses and known queries."""
    weights = {"loss_ce": 1, "loss_bbox": 5, "loss_giou": 2}
    weights |= {f"tgt_{name}": weight for name, weight in weights.items()}
    weights |= {f"{name}_{i}": weight for name, weight in weights.items() for i in range(args.dec_layers - 1)}
    criterion = criterion_of(load("matcher").build_matcher(args), weights, ["labels", "boxes", "cardinality"])

    def losses(samples, targets):
        groups = request["known"] // max(len(target["labels"]) for target in targets)
        outputs, known = model(samples, dn_args=(targets, groups, 0.2, 0.4, 0))
        return criterion(outputs, targets, known), known["pad_size"]

    return criterion, losses


def build_dn_detr(load, request, levels):
    """The model; its criterion; and a function from a batch to its losses and the number of known queries."""
    module = load("DABDETR")
    args = types.SimpleNamespace(**DN_DETR, **sizes_of(request))
    embed_for_width(load("transformer"), request["width"])
    backbones = load("backbone")
    # The main process would download weights.
    backbones.is_main_process = lambda: False
    if request["backbone"]["kind"] == "tiny":
        channels = request["backbone"]["channels"]
        backbone = backbones.Joiner(Convolutions(channels), load("position_encoding").build_position_encoding(args))
        backbone.num_channels = channels[-1]
    else:
        backbone = backbones.build_backbone(args)
    transformer = load("transformer").build_transformer(args)
    # The encoder's is made for width 256, whatever the width.
    transformer.encoder.query_scale = module.MLP(args.hidden_dim, args.hidden_dim, args.hidden_dim, 2)
    model = module.DABDETR(backbone, transformer, args.num_classes, args.num_queries, aux_loss=True)
    criterion_of = lambda matcher, weights, losses: module.SetCriterion(
        args.num_classes, matcher, weights, args.focal_alpha, losses
    )
    return model, *dn_detr_losses(load, request, args, model, criterion_of)


def build_dino(load, request, levels):
    """The same for DINO."""
    module = load("dino")
    attend_without_cuda(load)
    embed_for_width(load("deformable_transformer"), request["width"])
    config = runpy.run_path(os.path.join(request["folder"], "config", "DINO", "DINO_4scale.py"))
    own = {"dn_number": request["known"] // 2, "dn_labelbook_size": request["numClasses"], "device": "cpu"}
    args = types.SimpleNamespace(**{**config, **sizes_of(request), **own})
    if levels:
        positions = load("position_encoding").build_position_encoding(args)
        module.build_backbone = lambda _: Features(levels, positions)
    # The main process would download weights.
    load("backbone").is_main_process = lambda: False
    model, criterion, _ = module.build_dino(args)

    def losses(samples, targets):
        outputs = model(samples, targets)
        return criterion(outputs, targets), outputs["dn_meta"]["pad_size"]

    return model, criterion, losses


def build_dn_deformable_detr(load, request, levels):
    """The same for DN-Deformable-DETR."""
    module = load("dab_deformable_detr")
    args = types.SimpleNamespace(**DN_DETR, **sizes_of(request))
    attend_without_cuda(load)
    embed_for_width(load("deformable_transformer"), request["width"])
    backbone = Features(levels, load("position_encoding").build_position_encoding(args))
    transformer = load("deformable_transformer").build_deforamble_transformer(args)
    sizes = (args.num_classes, args.num_queries, args.num_feature_levels)
    model = module.DABDeformableDETR(backbone, transformer, *sizes)
    criterion_of = lambda *given: module.SetCriterion(args.num_classes, *given)
    return model, *dn_detr_losses(load, request, args, model, criterion_of)


def build(request):
    """The number of trained parameters; and a function that trains one step on a batch's targets and returns its loss."""
    package, builder = {
        "DINO": ("dino", build_dino),
        "DN-DETR": ("DN_DAB_DETR", build_dn_detr),
        "DN-Deformable-DETR": ("dn_dab_deformable_detr", build_dn_deformable_detr),
    }[request["original"]]
    torch.set_num_threads(request["threads"])
    levels = [tensor_of(level) for level in request.get("levels", [])]
    model, criterion, losses = builder(modules_of(request["folder"], package), request, levels)
    trained = [x for x in model.parameters() if x.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=1e-4)
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
        nn.utils.clip_grad_norm_(trained, 0.1)
        optimizer.step()
        return loss.item()

    return sum(x.numel() for x in trained), step


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


def peak_rss_mib():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    # The output of the originals must not mix with the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    answer = lambda document: print(json.dumps(document), file=answers, flush=True)
    answer({"version": torch.__version__})
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if step is None:
                parameters, step = build(request)
                answer({"parameters": parameters})
            else:
                answer({"ms": time_steps(step, request["targets"]), "peakRssMiB": peak_rss_mib()})
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})
