#!/usr/bin/env python3
"""M/M/1 in SimPy: one server, first come first served, utilization 0.8 by default.

Arrivals are Poisson, service is exponential; the response time R of a request is its wait plus its
service. Theory: R is exponential of mean S / (1 - rho), so the script prints what must come out beside
what did.

    pip install simpy                       # written for and measured with SimPy 4.1.2, CPython 3.11
    python3 benches/peers/mm1.py --requests 200000 --seed 1

One JSON object goes to standard output: requests per second of wall time and of processor time
(building the model and sorting the sample are not counted), mean, p95 and p99 of the response time in seconds.
"""

import argparse
import json
import math
import platform
import random
import time

import simpy


def request(env, server, service_s, responses_s):
    """One request: queue for the server, hold it for a drawn time, note the response time."""
    arrived_s = env.now
    with server.request() as turn:
        yield turn
        yield env.timeout(random.expovariate(1.0 / service_s))
    responses_s.append(env.now - arrived_s)


def arrivals(env, server, rate_per_s, service_s, count, responses_s):
    """A Poisson source of `count` requests."""
    for _ in range(count):
        yield env.timeout(random.expovariate(rate_per_s))
        env.process(request(env, server, service_s, responses_s))


def quantile(ordered, q):
    """The q-quantile of an ordered sample (nearest rank)."""
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


def main():
    parser = argparse.ArgumentParser(description="M/M/1 in SimPy")
    parser.add_argument("--requests", type=int, default=100_000, help="requests to simulate")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers")
    parser.add_argument("--utilization", type=float, default=0.8, help="offered load, below 1")
    parser.add_argument("--service", type=float, default=0.001, help="mean service time, seconds")
    arguments = parser.parse_args()

    random.seed(arguments.seed)
    env = simpy.Environment()
    server = simpy.Resource(env, capacity=1)
    responses_s = []
    rate_per_s = arguments.utilization / arguments.service
    env.process(
        arrivals(env, server, rate_per_s, arguments.service, arguments.requests, responses_s)
    )

    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    env.run()
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s

    responses_s.sort()
    mean_s = arguments.service / (1.0 - arguments.utilization)
    print(
        json.dumps(
            {
                "model": "mm1",
                "simpy": simpy.__version__,
                "python": platform.python_version(),
                "requests": len(responses_s),
                "requests_per_s": len(responses_s) / wall_s,
                "requests_per_cpu_s": len(responses_s) / cpu_s,
                "mean_s": sum(responses_s) / len(responses_s),
                "p95_s": quantile(responses_s, 0.95),
                "p99_s": quantile(responses_s, 0.99),
                "theory": {
                    "mean_s": mean_s,
                    "p95_s": -math.log(0.05) * mean_s,
                    "p99_s": -math.log(0.01) * mean_s,
                },
            }
        )
    )


if __name__ == "__main__":
    main()
