"""Trains and runs a classifier of fastText on request.

Usage: fasttext_peer.py

Commands on stdin: "train FILE DIMENSION WORDS SHORTEST LONGEST BUCKETS EPOCHS RATE THREADS" trains on a file in fastText's
format and prints the seconds; "texts FILE" reads the lines of a file in fastText's format, predicts all of them once, and
prints the share of right answers; "run" predicts all of them again, as one list, and prints the seconds. The first line
printed is a greeting.
"""

import sys
import time

import fasttext


def main():
    print("fasttext", flush=True)
    fasttext.FastText.eprint = lambda *_: None
    model, texts = None, []
    for line in sys.stdin:
        command, *arguments = line.rstrip("\n").split("\t")
        if command == "train":
            path, *numbers, rate, threads = arguments
            names = ["dim", "wordNgrams", "minn", "maxn", "bucket", "epoch"]
            settings = dict(zip(names, map(int, numbers)))
            start = time.perf_counter()
            model = fasttext.train_supervised(path, lr=float(rate), thread=int(threads), verbose=0, **settings)
            print(time.perf_counter() - start, flush=True)
        elif command == "texts":
            with open(arguments[0], encoding="utf-8") as lines:
                pairs = [line.rstrip("\n").split(" ", 1) for line in lines]
            texts = [text for _, text in pairs]
            labels, _ = model.predict(texts)
            right = sum(found[0] == label for found, (label, _) in zip(labels, pairs))
            print(right / len(pairs), flush=True)
        elif command == "run":
            start = time.perf_counter()
            model.predict(texts)
            print(time.perf_counter() - start, flush=True)


main()
