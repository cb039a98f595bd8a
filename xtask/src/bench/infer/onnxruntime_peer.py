"""Runs ONNX models with onnxruntime on request.

Usage: onnxruntime_peer.py THREADS

Commands on stdin: "load PATH KIND ROWS LENGTH" loads a model and makes one batch of tokens (KIND tokens, LENGTH of
them a row) or pictures (KIND pictures, LENGTH pixels across and down), runs it once, and prints the mean absolute
value of the first output; "run N" runs the batch N times and prints the seconds. The first line printed is the
version and the file of the native library.
"""

import glob
import os
import sys
import time

import numpy as np
import onnxruntime as ort


def batch(session, kind, rows, length):
    if kind == "tokens":
        ids = 1000 + np.arange(rows * length, dtype=np.int64).reshape(rows, length) * 7919 % 20000
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        return {port.name: given[port.name] for port in session.get_inputs()}
    numbers = np.arange(rows * 3 * length * length, dtype=np.int64) * 31 % 256
    values = ((numbers - 127) / 128).astype(np.float32).reshape(rows, 3, length, length)
    return {session.get_inputs()[0].name: values}


def main():
    folder = os.path.join(os.path.dirname(ort.__file__), "capi")
    libraries = sorted(glob.glob(os.path.join(folder, "libonnxruntime.*")))
    print(ort.__version__, libraries[0] if libraries else "-", flush=True)
    options = ort.SessionOptions()
    options.intra_op_num_threads = int(sys.argv[1])
    session, inputs = None, None
    for line in sys.stdin:
        command, *arguments = line.split("\t")
        if command == "load":
            path, kind, rows, length = arguments
            session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            inputs = batch(session, kind, int(rows), int(length))
            print(float(np.abs(session.run(None, inputs)[0]).mean()), flush=True)
        elif command == "run":
            start = time.perf_counter()
            for _ in range(int(arguments[0])):
                session.run(None, inputs)
            print(time.perf_counter() - start, flush=True)


main()
