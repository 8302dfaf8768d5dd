"""Detects objects in any number of pictures with Ray: each has one result, whatever stops a worker or the program.

    python detect_all.py serving/mine/1 pictures --out found
    python detect_all.py serving/mine/1 pictures --out found --join results.json

On many machines it was not measured: run one shard first, and divide. At 5 pictures per second a million pictures are
56 hours for one worker and 52 minutes for 64 (docs/scaling.md).
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SAMPLES))

from many_pictures.plan import Plan, pictures_in, write_whole  # noqa: E402


class AnswerShards:
    """What Ray runs in each worker; TensorFlow is imported there only."""

    def __init__(self, *arguments: Any) -> None:
        from many_pictures.answering import Answerer

        self.answerer = Answerer(*arguments)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[int]]:
        counts = [self.answerer.answer(int(shard)) for shard in batch["shard"]]
        return {name: [count[name] for count in counts] for name in ("pictures", "bad", "objects")}


def answer_open_shards(options: argparse.Namespace, shards: list[int]) -> Iterator[dict[str, int]]:
    """Yields the counts of each shard as it is done. options: of the command line; shards: their numbers."""
    import ray

    environment = {"working_dir": str(SAMPLES), "excludes": ["**/*.png", "**/*.jpg"]}
    ray.init(address=options.address, runtime_env=environment, ignore_reinit_error=True, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    # One block, and so one task, for each shard: what a dead worker had not finished is run again by another.
    rows = ray.data.from_items([{"shard": shard} for shard in shards], override_num_blocks=len(shards))
    arguments = tuple(str(Path(path).resolve()) for path in (options.model, options.pictures, options.out))
    answered = rows.map_batches(
        AnswerShards,
        fn_constructor_args=(*arguments, options.min_score),
        batch_size=1,
        concurrency=(1, options.workers) if options.workers > 1 else 1,
        num_cpus=options.cpus,
        num_gpus=options.gpus,
    )
    yield from answered.iter_rows()


def joined(plan: Plan, path: Path) -> int:
    """Writes the results of all shards to one JSON file of COCO's results, and returns how many objects it has."""
    count = 0
    part = path.with_name(f".{path.name}")
    with part.open("w", encoding="utf-8") as file:
        file.write("[")
        for shard in plan.shards():
            with plan.results(shard).open(encoding="utf-8") as lines:
                for found in (found for line in lines for found in json.loads(line).get("found", ())):
                    file.write((",\n" if count else "\n") + json.dumps(found))
                    count += 1
        file.write("\n]\n")
    part.replace(path)
    return count


def check_run(plan: Plan, options: argparse.Namespace) -> None:
    """Remembers what the pictures are run with, and refuses to mix it with something else."""
    graph = Path(options.model) / "saved_model.pb"
    if not graph.is_file():
        sys.exit(f"{options.model} has no saved_model.pb; give the folder that `mrcnn export --to savedmodel` wrote")
    asked = {"model": str(Path(options.model).resolve()), "written": int(graph.stat().st_mtime)}
    asked |= {"pictures": str(Path(options.pictures).resolve()), "min_score": options.min_score}
    file = plan.out / "run.json"
    if not file.exists():
        write_whole(file, json.dumps(asked))
    before = json.loads(file.read_text())
    changed = [name for name in asked if asked[name] != before.get(name)]
    if changed:
        sys.exit(f"{plan.out} holds results with other options ({', '.join(changed)} differ); give another --out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="folder that `mrcnn export --to savedmodel` wrote")
    parser.add_argument("pictures", help="folder below which the JPEG and PNG files are")
    parser.add_argument("--out", required=True, help="folder for the results; all workers have to reach these folders")
    parser.add_argument("--min-score", type=float, help="lowest score (default: that of the model)")
    parser.add_argument("--shard-size", type=int, default=500, help="pictures per file of results (default: 500)")
    parser.add_argument("--workers", type=int, default=1, help="most workers at once (default: 1)")
    parser.add_argument("--cpus", type=float, default=1, help="cores of each worker (default: 1)")
    parser.add_argument("--gpus", type=float, default=0, help="GPUs of each worker, such as 1 or 0.5 (default: 0)")
    parser.add_argument("--address", help="of a Ray cluster, such as auto (default: a cluster of this machine)")
    parser.add_argument("--join", metavar="FILE", help="when all are done, write a file of COCO's results")
    options = parser.parse_args()
    try:
        import ray.data  # noqa: F401
    except ImportError:
        sys.exit("this needs Ray: `pip install 'ray[data]>=2.40,<3'`, on each machine")
    plan = Plan(options.out)
    check_run(plan, options)
    print(f"{plan.add(pictures_in(options.pictures), options.shard_size)} new pictures", flush=True)
    shards = plan.open_shards()
    began, counts = time.monotonic(), {"pictures": 0, "bad": 0, "objects": 0}
    for number, row in enumerate(answer_open_shards(options, shards) if shards else (), start=1):
        counts = {name: counts[name] + int(row[name]) for name in counts}
        pace = counts["pictures"] / (time.monotonic() - began)
        done = f"{number} of {len(shards)} shards, {counts['pictures']} pictures ({counts['bad']} bad)"
        print(f"{done}, {counts['objects']} objects, {pace:.1f} pictures per second", flush=True)
    left = plan.open_shards()
    if left:
        sys.exit(f"{len(left)} shards are not done; run the same command again")
    print(f"all {len(plan.shards())} shards are done: {plan.out / 'found'}")
    if options.join:
        print(f"{joined(plan, Path(options.join))} objects: {options.join}")


if __name__ == "__main__":
    main()
