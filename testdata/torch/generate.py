"""Writes golden.json: small networks with fixed weights as PyTorch computes them. See README.md."""

import json
import pathlib
import sys

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

STEPS = 5
# The bias of keys has no gradient but what rounding leaves, which Adam would make steps of with a smaller epsilon.
OPTIMISERS = {
    "sgd": {"kind": "sgd", "momentum": 0.9, "nesterov": False, "weight_decay": 0.01},
    "nesterov": {"kind": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "adam_w": {"kind": "adam_w", "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-4, "weight_decay": 0.05},
}
RATE = 0.05


def activation(function):
    return {"kind": "activation", "function": function}


def dense(outputs):
    return {"kind": "dense", "outputs": outputs, "bias": True}


def residual(body):
    return {"kind": "residual", "body": body, "shortcut": []}


CASES = [
    {
        "name": "images",
        "input": {"kind": "images", "channels": 2, "height": 6, "width": 5},
        "layers": [
            {"kind": "convolution", "outputs": 4, "kernel": 3, "stride": 1, "padding": 1, "bias": False},
            {"kind": "batch_norm", "scale": True, "rectify": True},
            residual([{"kind": "convolution", "outputs": 4, "kernel": 3, "stride": 1, "padding": 1, "bias": True}]),
            {"kind": "max_pool", "window": 2},
            {"kind": "depthwise", "kernel": 3, "stride": 2, "padding": 1},
            activation("silu"),
            {"kind": "flatten"},
            {"kind": "layer_norm"},
            dense(3),
        ],
        "loss": "cross_entropy",
    },
    {
        "name": "pooled",
        "input": {"kind": "images", "channels": 1, "height": 5, "width": 5},
        "layers": [
            {"kind": "convolution", "outputs": 3, "kernel": 3, "stride": 2, "padding": 1, "bias": False},
            {"kind": "batch_norm", "scale": True, "rectify": False},
            activation("gelu"),
            {"kind": "global_average_pool"},
            dense(3),
        ],
        "loss": "weighted_cross_entropy",
    },
    {
        "name": "activations",
        "input": {"kind": "rows", "width": 3},
        "layers": [
            dense(4), activation("tanh"), dense(4), activation("sigmoid"), dense(4), activation("relu"),
            dense(4), activation("step"), dense(4), {"kind": "scale", "factor": 0.5}, dense(2),
        ],
        "loss": "mean_squared",
    },
    {
        "name": "attention",
        "input": {"kind": "tokens", "length": 4},
        "layers": [
            {"kind": "embedding", "count": 6, "width": 4},
            {"kind": "positions"},
            residual([{"kind": "attention", "heads": 2, "causal": True}]),
            {"kind": "layer_norm"},
            {"kind": "attention", "heads": 1, "causal": False},
            {"kind": "last"},
            dense(2),
        ],
        "loss": "logistic",
    },
    {
        "name": "recurrent",
        "input": {"kind": "tokens", "length": 5},
        "layers": [
            {"kind": "embedding", "count": 6, "width": 3},
            {"kind": "lstm", "outputs": 3},
            {"kind": "gru", "outputs": 4},
            {"kind": "last"},
            dense(2),
        ],
        "loss": "mean_squared",
    },
]
EXAMPLES = 3


def drawn(shape, generator, low=-0.6, high=0.6):
    values = torch.rand(shape, generator=generator) * (high - low) + low
    # Few digits, so that the file holds them exactly.
    return (values * 1000).round() / 1000


class Net:
    """Interprets a list of layers with PyTorch's own functions."""

    def __init__(self, generator):
        self.generator = generator
        self.parameters = {}
        self.kinds = {}

    def get(self, name, shape, kind="weight"):
        if name not in self.parameters:
            low, high = (0.5, 1.5) if name.endswith(("scale", "variance")) else (-0.6, 0.6)
            value = drawn(shape, self.generator, low, high)
            self.parameters[name] = value.requires_grad_(kind != "statistic")
            self.kinds[name] = kind
        return self.parameters[name]

    def run(self, layers, x, path="", padding=None):
        for place, layer in enumerate(layers):
            x, padding = self.one(layer, x, f"{path}{place}", padding)
        return x

    def one(self, layer, x, path, padding):
        kind = layer["kind"]
        if kind == "convolution":
            weight = self.get(f"{path}.weight", (layer["outputs"], x.shape[1], layer["kernel"], layer["kernel"]))
            bias = self.get(f"{path}.bias", (layer["outputs"],), "offset") if layer["bias"] else None
            x = F.conv2d(x, weight, bias, layer["stride"], layer["padding"])
        elif kind == "depthwise":
            weight = self.get(f"{path}.weight", (x.shape[1], 1, layer["kernel"], layer["kernel"]))
            x = F.conv2d(x, weight, None, layer["stride"], layer["padding"], groups=x.shape[1])
        elif kind == "batch_norm":
            of = lambda name, kind: self.get(f"{path}.{name}", (x.shape[1],), kind)
            scale, shift = of("scale", "offset"), of("shift", "offset")
            mean, variance = of("mean", "statistic"), of("variance", "statistic")
            x = F.batch_norm(x, mean, variance, scale, shift, training=True)
            x = F.relu(x) if layer["rectify"] else x
        elif kind == "layer_norm":
            of = lambda name: self.get(f"{path}.{name}", (x.shape[-1],), "offset")
            x = F.layer_norm(x, x.shape[-1:], of("scale"), of("shift"))
        elif kind == "dense":
            weight = self.get(f"{path}.weight", (layer["outputs"], x.shape[-1]))
            x = F.linear(x, weight, self.get(f"{path}.bias", (layer["outputs"],), "offset"))
        elif kind == "activation":
            x = self.activate(layer["function"], x)
        elif kind == "max_pool":
            x = F.max_pool2d(x, layer["window"])
        elif kind == "global_average_pool":
            x = x.mean((2, 3))
        elif kind == "flatten":
            x = x.flatten(1)
        elif kind == "scale":
            x = x * layer["factor"]
        elif kind == "residual":
            x = x + self.run(layer["body"], x, f"{path}.body.", padding)
        elif kind == "embedding":
            table = self.get(f"{path}.table", (layer["count"], layer["width"]))
            padding = x == 0
            x = F.embedding((x - 1).clamp(min=0), table) * (~padding).unsqueeze(-1)
        elif kind == "positions":
            x = x + self.get(f"{path}.table", tuple(x.shape[1:]))
        elif kind == "attention":
            x = self.attend(layer, x, path, padding)
        elif kind in ("lstm", "gru"):
            x = self.recur(layer, x, path)
        elif kind == "last":
            x = x[:, -1]
        else:
            sys.exit(f"no layer {kind}")
        return x, padding

    def activate(self, function, x):
        if function == "step":
            line = x.clamp(-1, 1)
            return line + ((x > 0).float() - line).detach()
        return {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu, "gelu": F.gelu, "silu": F.silu}[function](x)

    def attend(self, layer, x, path, padding):
        width, length = x.shape[-1], x.shape[1]
        module = nn.MultiheadAttention(width, layer["heads"], batch_first=True)
        weights = {
            "in_proj_weight": self.get(f"{path}.input", (3 * width, width)),
            "in_proj_bias": self.get(f"{path}.input_bias", (3 * width,), "offset"),
            "out_proj.weight": self.get(f"{path}.output", (width, width)),
            "out_proj.bias": self.get(f"{path}.output_bias", (width,), "offset"),
        }
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), 1) if layer["causal"] else None
        if layer["causal"]:
            # A query of padding sees nothing here, which PyTorch has no number for: it may see itself, and
            # nobody asks what it found.
            mask = mask.unsqueeze(0) | padding.unsqueeze(1)
            mask = mask & ~torch.eye(length, dtype=torch.bool)
            mask = mask.repeat_interleave(layer["heads"], 0)
            return functional_call(module, weights, (x, x, x), {"attn_mask": mask, "need_weights": False})[0]
        return functional_call(module, weights, (x, x, x), {"key_padding_mask": padding, "need_weights": False})[0]

    def recur(self, layer, x, path):
        width, outputs = x.shape[-1], layer["outputs"]
        gates = {"lstm": 4, "gru": 3}[layer["kind"]] * outputs
        module = {"lstm": nn.LSTM, "gru": nn.GRU}[layer["kind"]](width, outputs, batch_first=True)
        weights = {
            "weight_ih_l0": self.get(f"{path}.input", (gates, width)),
            "bias_ih_l0": self.get(f"{path}.input_bias", (gates,), "offset"),
            "weight_hh_l0": self.get(f"{path}.hidden", (gates, outputs)),
            "bias_hh_l0": self.get(f"{path}.hidden_bias", (gates,), "offset"),
        }
        return functional_call(module, weights, (x,))[0]


def loss_of(kind, output, targets):
    if kind == "cross_entropy":
        return F.cross_entropy(output, targets.long(), label_smoothing=0.1)
    if kind == "weighted_cross_entropy":
        return F.cross_entropy(output, targets.long(), torch.tensor([0.5, 1.0, 2.0]))
    if kind == "mean_squared":
        return F.mse_loss(output, targets)
    return F.binary_cross_entropy_with_logits(output, targets)


def plain(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


def optimiser(config, net):
    groups = [
        {"params": [p for name, p in net.parameters.items() if net.kinds[name] == kind], "weight_decay": decay}
        for kind, decay in (("weight", config["weight_decay"]), ("offset", 0.0))
    ]
    if config["kind"] == "sgd":
        return torch.optim.SGD(groups, RATE, momentum=config["momentum"], nesterov=config["nesterov"])
    return torch.optim.AdamW(groups, RATE, betas=(config["beta1"], config["beta2"]), eps=config["epsilon"])


def run(case):
    generator = torch.Generator().manual_seed(7)
    size = case["input"]
    if size["kind"] == "images":
        shape = (EXAMPLES, size["channels"], size["height"], size["width"])
        examples = drawn(shape, generator, -1, 1)
    elif size["kind"] == "rows":
        examples = drawn((EXAMPLES, size["width"]), generator, -1, 1)
    else:
        examples = torch.randint(1, 7, (EXAMPLES, size["length"]), generator=generator)
        if case["name"] == "attention":
            examples[0, :2] = 0
    first = Net(generator)
    first.run(case["layers"], examples)
    start = {name: value.detach().clone() for name, value in first.parameters.items()}
    net = fresh(start)
    initial = {name: plain(value) for name, value in net.parameters.items()}
    output = net.run(case["layers"], examples)
    if case["loss"].endswith("cross_entropy"):
        targets = torch.tensor([0.0, 2.0, 1.0])
    else:
        targets = ((torch.arange(output.numel()) * 7 % 5) / 4.0).reshape(output.shape)
    loss = loss_of(case["loss"], output, targets)
    loss.backward()
    golden = {
        **case,
        "examples": plain(examples.float()),
        "targets": plain(targets),
        "parameters": initial,
        "output": plain(output),
        "value": loss.item(),
        "gradients": {name: plain(p.grad) for name, p in net.parameters.items() if p.requires_grad},
        "after": {},
    }
    for name, config in OPTIMISERS.items():
        net = fresh(start)
        rule = optimiser(config, net)
        for _ in range(STEPS):
            rule.zero_grad()
            loss_of(case["loss"], net.run(case["layers"], examples), targets).backward()
            rule.step()
        golden["after"][name] = {name: plain(value) for name, value in net.parameters.items()}
    return golden


KINDS = {"mean": "statistic", "variance": "statistic"}
OFFSETS = ("bias", "scale", "shift")


def fresh(start):
    """The same network with its first values, running moments those of a new one."""
    net = Net(None)
    for name, value in start.items():
        last = name.rsplit(".", 1)[1]
        kind = KINDS.get(last, "offset" if last.endswith(OFFSETS) else "weight")
        value = value.clone()
        if last == "mean":
            value = torch.zeros_like(value)
        if last == "variance":
            value = torch.ones_like(value)
        net.parameters[name] = value.requires_grad_(kind != "statistic")
        net.kinds[name] = kind
    return net


if __name__ == "__main__":
    torch.set_num_threads(1)
    golden = {
        "torch": torch.__version__, "steps": STEPS, "rate": RATE, "optimisers": OPTIMISERS,
        "cases": [run(case) for case in CASES],
    }
    path = pathlib.Path(__file__).with_name("golden.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
