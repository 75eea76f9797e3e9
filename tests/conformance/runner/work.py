# SPDX-License-Identifier: MIT
"""Plays many scenarios, on as many cores as there are, with one daemon and one asyncio loop on each."""
import dataclasses
import multiprocessing
import os
import traceback
from dataclasses import dataclass

from . import compare
from .oracle import Oracle
from .play import play
from .subject import Subject


@dataclass
class Result:
    """What became of one scenario. `problem` is empty where all is well."""
    name: str
    problem: str = ""
    details: str = ""


def run_all(scenarios, build, inject=False, jobs=None, show=False):
    """Results, as they come. One that has no scenario's name tells of the daemon's end."""
    jobs = min(jobs or min(2, os.cpu_count() or 1), len(scenarios)) or 1
    context = multiprocessing.get_context("fork")
    results, next_one = context.SimpleQueue(), context.Value("i", 0)
    workers = [context.Process(target=_work, args=(scenarios, build, inject, show, next_one, results)) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    running = jobs
    while running:
        result = results.get()
        if result is None:
            running -= 1
        else:
            yield result
    for worker in workers:
        worker.join()


def _work(scenarios, build, inject, show, next_one, results):
    try:
        sides = [Subject(build, scenarios, inject), Oracle()]
        while (index := _take(next_one)) < len(scenarios):
            results.put(_one(scenarios[index], sides, inject, show))
        for side in sides:
            if problem := side.close():
                results.put(Result("(the end)", f"{side.name} did not end well", problem))
    except BaseException:  # whatever it was: the parent must not wait for ever
        results.put(Result("(the runner)", "failed itself", traceback.format_exc()))
    results.put(None)


def _take(next_one):
    with next_one.get_lock():
        next_one.value += 1
        return next_one.value - 1


def _asyncio(scenario, side, flow):
    over = scenario.over_tls
    if over is None or over.against == "tls":
        return play(scenario, side, flow)
    return over.seen(play(dataclasses.replace(scenario, over_tls=None), side, flow))


def _one(scenario, sides, inject, show):
    try:
        flow = not inject and not scenario.any_flow
        ours = play(scenario, sides[0], flow)
        asyncio = None if scenario.only_ours else _asyncio(scenario, sides[1], flow)
        problem = compare.verdict(scenario, ours, asyncio, flow)
    except Exception:
        return Result(scenario.name, "the runner failed", traceback.format_exc())
    return Result(scenario.name, problem, compare.side_by_side(scenario, ours, asyncio) if problem or show else "")
