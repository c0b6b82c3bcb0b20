#!/usr/bin/env python3
"""A web tier in SimPy: four event loops, a connection pool, a database and Redis.

Poisson arrivals at 400/s. Each request

1. is given one of 4 event loops by round robin and computes there for exp(4 ms); a loop runs one
   slice of CPU at a time, in order of readiness;
2. waits for one of 120 pool connections, first come first served, at most 30 s, and holds it while
   either (probability 0.4) a query of lognormal time, mean 20 ms and coefficient of variation 1,
   runs on one of 16 database cores, or (else) Redis answers in 1 ms;
3. gives the connection back and computes for exp(2 ms) on the same loop.

A request whose patience with the pool ends fails and is not part of the latencies.

    pip install simpy                       # written for and measured with SimPy 4.1.2, CPython 3.11
    python3 benches/peers/web_tier.py --requests 100000 --seed 1

One JSON object goes to standard output: requests per second of wall time and of processor time
(building the model and sorting the sample are not counted), mean, p95 and p99 of the latency in seconds.

The cores of the database are a first-come-first-served Resource here, as SimPy has no processor
sharing. At 20 % load (3.2 of 16 cores) fewer than one query in a million finds all of them busy, so the
two disciplines cannot be told apart.
"""

import argparse
import itertools
import json
import math
import platform
import random
import time

import simpy

RATE_PER_S = 400.0
LOOPS = 4
POOL = 120
PATIENCE_S = 30.0
DATABASE_CORES = 16
QUERY_SHARE = 0.4
FIRST_SLICE_S = 0.004
SECOND_SLICE_S = 0.002
REDIS_S = 0.001
QUERY_MEAN_S = 0.020
QUERY_CV = 1.0

# exp(normal(mu, sigma)) of the wanted mean and coefficient of variation.
QUERY_SIGMA = math.sqrt(math.log(1.0 + QUERY_CV**2))
QUERY_MU = math.log(QUERY_MEAN_S) - 0.5 * QUERY_SIGMA**2


class Tier:
    """The resources of the tier and what was measured."""

    def __init__(self, env):
        self.env = env
        self.loops = itertools.cycle([simpy.Resource(env, capacity=1) for _ in range(LOOPS)])
        self.pool = simpy.Resource(env, capacity=POOL)
        self.cores = simpy.Resource(env, capacity=DATABASE_CORES)
        self.latencies_s = []
        self.pool_timeouts = 0


def compute(env, loop, mean_s):
    """One slice of CPU on an event loop."""
    with loop.request() as turn:
        yield turn
        yield env.timeout(random.expovariate(1.0 / mean_s))


def request(tier):
    """One request from its arrival to its answer."""
    env = tier.env
    arrived_s = env.now
    loop = next(tier.loops)
    yield from compute(env, loop, FIRST_SLICE_S)

    with tier.pool.request() as connection:
        outcome = yield connection | env.timeout(PATIENCE_S)
        if connection not in outcome:
            tier.pool_timeouts += 1
            return
        if random.random() < QUERY_SHARE:
            with tier.cores.request() as core:
                yield core
                yield env.timeout(random.lognormvariate(QUERY_MU, QUERY_SIGMA))
        else:
            yield env.timeout(REDIS_S)

    yield from compute(env, loop, SECOND_SLICE_S)
    tier.latencies_s.append(env.now - arrived_s)


def arrivals(tier, count):
    """A Poisson source of `count` requests."""
    for _ in range(count):
        yield tier.env.timeout(random.expovariate(RATE_PER_S))
        tier.env.process(request(tier))


def quantile(ordered, q):
    """The q-quantile of an ordered sample (nearest rank)."""
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


def main():
    parser = argparse.ArgumentParser(description="A web tier in SimPy")
    parser.add_argument("--requests", type=int, default=100_000, help="requests to simulate")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers")
    arguments = parser.parse_args()

    random.seed(arguments.seed)
    env = simpy.Environment()
    tier = Tier(env)
    env.process(arrivals(tier, arguments.requests))

    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    env.run()
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s

    latencies_s = sorted(tier.latencies_s)
    print(
        json.dumps(
            {
                "model": "web_tier",
                "simpy": simpy.__version__,
                "python": platform.python_version(),
                "requests": arguments.requests,
                "requests_per_s": arguments.requests / wall_s,
                "requests_per_cpu_s": arguments.requests / cpu_s,
                "mean_s": sum(latencies_s) / len(latencies_s),
                "p95_s": quantile(latencies_s, 0.95),
                "p99_s": quantile(latencies_s, 0.99),
                "pool_timeouts": tier.pool_timeouts,
            }
        )
    )


if __name__ == "__main__":
    main()
