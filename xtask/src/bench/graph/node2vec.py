"""Learns vectors of nodes by pecanpy's walks and gensim's word2vec.

Usage: node2vec.py EDGES OUTPUT DIMENSIONS ROUNDS LENGTH WINDOW NEGATIVES P Q THREADS SEED

EDGES holds lines of two numbers with a tab between. Prints the nodes, the seconds of the walks and the seconds of the
learning, a line each; OUTPUT gets the vectors of the nodes in that order, as f32. The walks are compiled before they are
timed.
"""

import sys
import time

import numpy as np
from gensim.models import Word2Vec
from pecanpy import pecanpy


def main():
    path, output = sys.argv[1:3]
    dimensions, rounds, length, window, negatives = map(int, sys.argv[3:8])
    p, q = map(float, sys.argv[8:10])
    threads, seed = map(int, sys.argv[10:12])
    kind = pecanpy.FirstOrderUnweighted if p == q == 1 else pecanpy.SparseOTF
    graph = kind(p=p, q=q, workers=threads, random_state=seed)
    graph.read_edg(path, weighted=False, directed=False)
    graph.simulate_walks(num_walks=1, walk_length=2)
    start = time.perf_counter()
    walks = graph.simulate_walks(num_walks=rounds, walk_length=length - 1)
    walked = time.perf_counter() - start
    start = time.perf_counter()
    model = Word2Vec(
        walks,
        vector_size=dimensions,
        window=window,
        negative=negatives,
        sg=1,
        min_count=0,
        epochs=1,
        workers=threads,
        seed=seed,
    )
    learnt = time.perf_counter() - start
    nodes = list(model.wv.index_to_key)
    model.wv.vectors.astype("<f4").tofile(output)
    print(" ".join(nodes))
    print(walked)
    print(learnt)


main()
