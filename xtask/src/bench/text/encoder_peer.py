"""Makes vectors of texts with onnxruntime and tokenizers on request.

Usage: encoder_peer.py MODEL TOKENIZER TEXTS THREADS BATCH MOST

TEXTS has a text a line. "run" on stdin makes the vectors of all of them in batches, from the text to the mean over its
tokens brought to length 1, and prints the seconds and the mean absolute value. At most MOST tokens of a text are read, and
texts of about one length stand together, as in sentence-transformers. The first line printed is the version and the file of the native library.
"""

import glob
import os
import sys
import time

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer


def main():
    model, tokenizer, path, threads, size, most = sys.argv[1:]
    folder = os.path.join(os.path.dirname(ort.__file__), "capi")
    libraries = sorted(glob.glob(os.path.join(folder, "libonnxruntime.so*")))
    options = ort.SessionOptions()
    options.intra_op_num_threads = int(threads)
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    takes = [port.name for port in session.get_inputs()]
    tokens = Tokenizer.from_file(tokenizer)
    tokens.enable_truncation(int(most))
    tokens.enable_padding()
    with open(path, encoding="utf-8") as lines:
        texts = [line.rstrip("\n") for line in lines]

    def vectors(some):
        found = tokens.encode_batch(some)
        mask = np.array([one.attention_mask for one in found], dtype=np.int64)
        given = {
            "input_ids": np.array([one.ids for one in found], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        rows = session.run(None, {name: given[name] for name in takes})[0]
        if rows.ndim == 3:
            rows = (rows * mask[:, :, None]).sum(1) / np.maximum(mask.sum(1, keepdims=True), 1)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

    print(ort.__version__, libraries[0] if libraries else "-", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        some = sorted(texts, key=len, reverse=True)
        found = [vectors(some[at : at + int(size)]) for at in range(0, len(some), int(size))]
        seconds = time.perf_counter() - start
        print(seconds, float(np.abs(np.concatenate(found)).mean()), flush=True)


main()
