"""Runs graph algorithms of networkit and igraph on request.

Usage: peers.py EDGES NODES THREADS

EDGES holds pairs of nodes as u32, little-endian. Commands on stdin, one a line:

    networkit.leiden SEED PATH          communities, as u32 a node
    igraph.leiden SEED PATH
    networkit.pagerank TOLERANCE PATH   values, as f64 a node
    igraph.pagerank TOLERANCE PATH
    networkit.cores 0 PATH              core numbers, as u32 a node
    igraph.cores 0 PATH

Each writes its result to PATH and prints the seconds of the call, which gives the result as a Python list. Both packages
hold the graph before the first command. Settings that a command does not name are the packages' own.
"""

import random
import sys
import time

import igraph
import networkit
import numpy as np


def networkit_leiden(graphs, seed):
    networkit.setSeed(int(seed), True)
    algorithm = networkit.community.ParallelLeiden(graphs[0])
    return lambda: algorithm.run().getPartition().getVector(), "<u4"


def igraph_leiden(graphs, seed):
    random.seed(int(seed))
    return lambda: graphs[1].community_leiden(objective_function="modularity").membership, "<u4"


def networkit_pagerank(graphs, tolerance):
    sinks = networkit.centrality.SinkHandling.DistributeSinks
    algorithm = networkit.centrality.PageRank(graphs[0], tol=float(tolerance), distributeSinks=sinks)
    algorithm.norm = networkit.centrality.Norm.L1_NORM
    return lambda: algorithm.run().scores(), "<f8"


def igraph_pagerank(graphs, _):
    # Its solver (PRPACK) goes to a tolerance of its own.
    return lambda: graphs[1].pagerank(), "<f8"


def networkit_cores(graphs, _):
    algorithm = networkit.centrality.CoreDecomposition(graphs[0])
    return lambda: algorithm.run().scores(), "<u4"


def igraph_cores(graphs, _):
    return lambda: graphs[1].coreness(), "<u4"


def main():
    path, nodes, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    networkit.setNumberOfThreads(threads)
    edges = np.fromfile(path, "<u4").reshape(-1, 2).astype(np.int64)
    graphs = (
        networkit.GraphFromCoo((edges[:, 0], edges[:, 1]), n=nodes, directed=False),
        igraph.Graph(n=nodes, edges=edges),
    )
    print(f"networkit {networkit.__version__}, igraph {igraph.__version__}", flush=True)
    commands = {
        "networkit.leiden": networkit_leiden,
        "igraph.leiden": igraph_leiden,
        "networkit.pagerank": networkit_pagerank,
        "igraph.pagerank": igraph_pagerank,
        "networkit.cores": networkit_cores,
        "igraph.cores": igraph_cores,
    }
    for line in sys.stdin:
        command, setting, output = line.rstrip("\n").split(" ", 2)
        run, kind = commands[command](graphs, setting)
        start = time.perf_counter()
        found = run()
        seconds = time.perf_counter() - start
        np.asarray(found).astype(kind).tofile(output)
        print(seconds, flush=True)


main()
