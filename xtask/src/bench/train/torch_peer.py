"""Trains a small convolutional network step by step on request.

Usage: torch_peer.py BATCH SIDE WIDTH CLASSES THREADS

Each line on stdin is a number of steps; the answer is the seconds they took.
"""

import sys
import time

import torch
from torch import nn


def main():
    batch, side, width, classes, threads = (int(x) for x in sys.argv[1:])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    layers = []
    channels = 3
    for outputs in (width, 2 * width):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels = outputs
    layers += [nn.Flatten(), nn.Linear(channels * (side // 4) ** 2, classes)]
    net = nn.Sequential(*layers)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loss_of = nn.CrossEntropyLoss()
    pictures = torch.rand(batch, 3, side, side) * 2 - 1
    right = torch.arange(batch) % classes
    print(f"torch {torch.__version__}", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            optimiser.zero_grad()
            loss = loss_of(net(pictures), right)
            loss.backward()
            optimiser.step()
            loss.item()
        print(time.perf_counter() - start, flush=True)


main()
