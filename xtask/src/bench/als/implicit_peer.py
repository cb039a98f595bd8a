"""Trains `implicit`'s alternating least squares on request.

Usage: implicit_peer.py MATRIX FACTORS ITERATIONS REGULARIZATION ALPHA THREADS

MATRIX holds, little-endian, users, items and entries as u64, row starts as i64, columns as i32 and weights as f32.
Commands on stdin: "fit SEED" trains and prints the seconds; "save PATH" writes user and item factors as f32.
"""

import sys
import time

import implicit
import numpy as np
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares


def read(path):
    with open(path, "rb") as file:
        users, items, entries = (int(x) for x in np.fromfile(file, "<u8", 3))
        starts = np.fromfile(file, "<i8", users + 1).astype(np.int32)
        columns = np.fromfile(file, "<i4", entries)
        weights = np.fromfile(file, "<f4", entries)
    return sp.csr_matrix((weights, columns, starts), shape=(users, items))


def main():
    path, factors, iterations, regularization, alpha, threads = sys.argv[1:]
    matrix = read(path)
    # The confidence of an interaction is 1 + alpha * weight, of any other pair 1.
    matrix.data = 1 + float(alpha) * matrix.data
    print(f"implicit {implicit.__version__}", flush=True)
    model = None
    for line in sys.stdin:
        command, argument = line.split(maxsplit=1)
        argument = argument.strip()
        if command == "fit":
            model = AlternatingLeastSquares(
                factors=int(factors),
                regularization=float(regularization),
                alpha=1.0,
                dtype=np.float32,
                iterations=int(iterations),
                num_threads=int(threads),
                random_state=int(argument),
            )
            start = time.perf_counter()
            model.fit(matrix, show_progress=False)
            print(time.perf_counter() - start, flush=True)
        elif command == "save":
            with open(argument, "wb") as file:
                model.user_factors.astype("<f4").tofile(file)
                model.item_factors.astype("<f4").tofile(file)
            print("saved", flush=True)


main()
