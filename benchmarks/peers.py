"""Times this package beside torchvision, with the same weights and photograph: see README.md beside this file."""

import argparse
import contextlib
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent
THEIRS, OURS, BEFORE = "torchvision", "mrcnn_keras", "before"
PRECISIONS = ("float32", "bfloat16")
FEW = 3  # objects of the work "few"
WORKS = {"detect": "detect", "few": f"detect, the best {FEW}", "step": "training step"}
# Two float32 implementations differ by rounding; a score beside a limit or an overlap beside a threshold then decides
# otherwise. So nearly all objects have to be the same, and these closely.
SAME_SHARE, SAME_PIXELS, SAME_SCORE = 0.97, 0.1, 1e-3


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", metavar="FILE", help="torchvision's .pth file; default: random weights")
    parser.add_argument("--picture", metavar="FILE", help="a photograph; default: one of scikit-image's")
    parser.add_argument("--size", nargs=2, type=int, default=[832, 1088], metavar=("HEIGHT", "WIDTH"), help="pixels")
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS), help="what is timed")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--before", metavar="FOLDER", help="an older checkout of this package, timed in the same run")
    parser.add_argument("--objects", type=int, default=20, help="annotated objects of a training step")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs after the warm-up")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: one per core")
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for all figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options, Path(folder))
    print(table(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measure(options, folder):
    """All figures, as a dict."""
    picture = folder / "picture.npy"
    np.save(picture, photograph(options.picture, options.size))
    task = {
        "picture": str(picture),
        "weights": options.weights and str(Path(options.weights).resolve()),
        "threads": options.threads,
        "objects_in_step": options.objects,
        "min_score": 0.0,
    }
    peers = {OURS: {"package": OURS}}
    if options.before:
        peers[BEFORE] = {"package": OURS, "path": str(Path(options.before).resolve())}
    if importlib.util.find_spec("torchvision"):
        peers[THEIRS] = {"package": THEIRS}
        if not options.weights:
            task |= {"weights": str(folder / "weights.pth"), "make_weights": True}
    else:
        print("torchvision is not installed, so this package is timed alone: pip install torch torchvision")
    found, facts = find(peers, task)
    task.pop("make_weights", None)
    result = {"size": options.size, "repeat": options.repeat, "threads": options.threads, **facts}
    result["weights"] = Path(options.weights).name if options.weights else "random"
    result["objects"] = {"found": len(found["scores"]), "annotated": options.objects}
    last, next_one = (*found["scores"], 0.0, 0.0)[FEW - 1 : FEW + 1]
    limits = {"few": (last + next_one) / 2}
    result["runs"] = []
    for work in options.works:
        if work == "few" and last == next_one:
            print(f"the scores are equal, so that the best {FEW} cannot be asked for")
            continue
        tasks = {
            (peer, precision): {**task, **peers[peer], "work": work, "precision": precision}
            | {"min_score": limits.get(work, 0.0)}
            for peer in peers
            for precision in options.precisions
        }
        result["runs"] += in_turn(tasks, options.repeat)
    result["ratios"] = ratios(result["runs"])
    return result


def photograph(path, size):
    """[height, width, 3] uint8."""
    if path is None:
        import skimage.data

        image = Image.fromarray(skimage.data.astronaut())
    else:
        image = Image.open(path).convert("RGB")
    return np.asarray(image.resize(size[::-1], Image.Resampling.BICUBIC))


def find(peers, task):
    """What all peers find in float32, which has to be the same, and facts about the machine and the versions."""
    found, facts = {}, {}
    for peer in sorted(peers, key=lambda peer: peer != THEIRS):  # theirs makes the weights
        with worker({**task, **peers[peer], "work": "detect", "precision": "float32"}) as (_, ready):
            found[peer] = ready.pop("result")
            facts |= {f"{peer}, {name}": value for name, value in ready.items()}
    if not found[OURS]["scores"]:
        raise SystemExit(f"{OURS} finds nothing in the picture; give another --picture, or none")
    for peer in peers:
        share = same_share(found[OURS], found[peer])
        if share < SAME_SHARE:
            raise SystemExit(
                f"{OURS} finds {len(found[OURS]['scores'])} objects and {peer} {len(found[peer]['scores'])}, of which "
                f"{share:.0%} are the same; nothing was timed, since their work is not the same"
            )
        facts[f"{peer}, same objects"] = share
    return found[OURS], facts


def same_share(ours, theirs):
    """The share of objects that both have: of one class, with corners and scores that differ by rounding."""
    left = list(range(len(theirs["scores"])))
    for box, class_id, score in zip(*(ours[name] for name in ("boxes", "class_ids", "scores")), strict=True):
        for i in left:
            near = np.abs(np.subtract(box, theirs["boxes"][i])).max() <= SAME_PIXELS
            if near and class_id == theirs["class_ids"][i] and abs(score - theirs["scores"][i]) <= SAME_SCORE:
                left.remove(i)
                break
    most = max(len(ours["scores"]), len(theirs["scores"]))
    return (len(theirs["scores"]) - len(left)) / most if most else 0.0


def in_turn(tasks, repeat):
    """Runs each of the tasks in its own process, in turn, so that other load affects all; -> their figures."""
    with contextlib.ExitStack() as stack:
        workers = {name: stack.enter_context(worker(task)) for name, task in tasks.items()}
        times = {name: [] for name in tasks}
        for _ in range(repeat):
            for name, (ask, _) in workers.items():
                times[name].append(ask("run"))
        return [
            figures(peer, precision, tasks[peer, precision]["work"], ready["result"], times[peer, precision], ask(None))
            for (peer, precision), (ask, ready) in workers.items()
        ]


def figures(peer, precision, work, result, times, memory):
    """One row; times: pairs of seconds, wall-clock and summed over all cores."""
    if work == "step" and not math.isfinite(result):
        raise SystemExit(f"the loss of {peer} in {precision} is {result}; give other --weights")
    seconds, cpu = zip(*times, strict=True)
    return {
        "work": work,
        "peer": peer,
        "precision": precision,
        **({"loss": result} if work == "step" else {"found": len(result["scores"])}),
        "median": statistics.median(seconds),
        "min": min(seconds),
        "cpu": statistics.median(cpu),
        "memory_gb": memory,
        "seconds": seconds,
    }


@contextlib.contextmanager
def worker(task):
    """A process of peer.py that has warmed up: a function to ask it, and what it says of itself.

    Asked "run" it answers seconds, wall-clock and of all cores, and asked None its peak memory. Its error ends this
    program.
    """
    paths = [task["path"]] if "path" in task else sys.path[1:]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [*paths, os.environ.get("PYTHONPATH")]))}
    environment |= {"OMP_NUM_THREADS": str(task["threads"]), "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile("w+") as errors:
        command = [sys.executable, str(FOLDER / "peer.py"), json.dumps(task)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": errors}
        process = subprocess.Popen(command, env=environment, text=True, **pipes)

        def ask(line):
            if line is None:
                process.stdin.close()
            elif line:
                print(line, file=process.stdin, flush=True)
            answer = process.stdout.readline()
            if not answer:
                errors.seek(0)
                raise SystemExit(f"{task['package']} stopped in {task['work']}, {task['precision']}:\n{errors.read()}")
            return json.loads(answer)

        try:
            yield ask, ask("")
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


def ratios(runs):
    """Ours / theirs by name, theirs in the same precision and in float32."""
    return {
        f"{WORKS[ours['work']]}, {ours['precision']} / {theirs['peer']}, {theirs['precision']}": {
            name: ours[name] / theirs[name] for name in ("median", "min", "cpu", "memory_gb")
        }
        for ours in runs
        for theirs in runs
        if ours["peer"] == OURS != theirs["peer"]
        and ours["work"] == theirs["work"]
        and theirs["precision"] in ("float32", ours["precision"])
    }


def table(result):
    """The figures as text."""
    height, width = result["size"]
    lines = [
        f"{height} x {width} pixels, {result['weights']} weights, {result['objects']['found']} objects found, "
        f"{result['objects']['annotated']} annotated, {result['threads']} threads",
        f"\n{'':48} {'median':>8} {'min':>8} {'cpu':>8} {'memory':>8}",
    ]
    for run in result["runs"]:
        times = f"{run['median']:6.2f} s {run['min']:6.2f} s {run['cpu']:6.2f} s {run['memory_gb']:5.2f} GB"
        lines.append(f"{WORKS[run['work']]:24} {run['peer']:13}{run['precision']:10} {times}")
    lines.append(f"\n{OURS}, ratio:")
    for name, ratio in result["ratios"].items():
        lines.append(" ".join([f"{name:48}", *(f"{value:8.2f}" for value in ratio.values())]))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
