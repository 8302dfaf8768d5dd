"""docs/scaling.md: its manifests are YAML that says what the text says, and its TF_CONFIG is understood."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scaling.md"


@pytest.fixture(scope="module")
def manifests():
    """The Kubernetes objects of the page by kind and name."""
    yaml = pytest.importorskip("yaml", reason="there is no YAML parser: pip install PyYAML")
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found = [entry for block in blocks for entry in yaml.safe_load_all(block)]
    assert len(found) == 5
    return {(entry["kind"], entry["metadata"]["name"]): entry for entry in found}


def test_each_manifest_has_what_kubernetes_asks_for(manifests):
    for (kind, _), entry in manifests.items():
        assert {"apiVersion", "kind", "metadata", "spec"} <= {*entry}
        if kind != "Service":
            template = entry["spec"]["template"]["spec"]
            claimed = {volume["name"] for volume in template["volumes"]}
            for container in template["containers"]:
                assert {mount["name"] for mount in container["volumeMounts"]} <= claimed


def test_services_select_the_pods_that_they_name(manifests):
    training = manifests["Job", "mrcnn"]["spec"]
    service = manifests["Service", "mrcnn"]
    assert training["template"]["spec"]["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": "mrcnn"}  # a label that Kubernetes gives to the pods of a Job
    assert training["completions"] == training["parallelism"] == 2
    head = manifests["Job", "many-pictures"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Service", "ray-head"]["spec"]["selector"] == head
    assert "--address ray-head:6379" in " ".join(
        manifests["Deployment", "ray-worker"]["spec"]["template"]["spec"]["containers"][0]["command"]
    )


@pytest.mark.skipif(os.name == "nt", reason="bash")
def test_the_command_of_the_job_makes_a_tf_config(manifests, tmp_path):
    container = manifests["Job", "mrcnn"]["spec"]["template"]["spec"]["containers"][0]
    command = tmp_path / "mrcnn"
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$TF_CONFIG" "$@"\n')
    command.chmod(0o755)
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    environment |= {"JOB_COMPLETION_INDEX": "1", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    words = [*container["command"], *container["args"]]
    config, *options = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    assert json.loads(config) == {
        "cluster": {"worker": ["mrcnn-0.mrcnn:2222", "mrcnn-1.mrcnn:2222"]},
        "task": {"type": "worker", "index": 1},
    }
    assert "--resume" in options


def test_the_first_command_of_several_machines_is_one_that_mrcnn_takes(monkeypatch):
    from mrcnn_keras.cli import parser

    line = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if "--batch-size 16" in line)
    seen = []
    monkeypatch.setattr(parser, "_train", lambda options: seen.append(options) or {})
    assert parser.main(shlex.split(line)[1:]) in (0, None)
    assert seen[0].resume
    assert seen[0].batch_size == 16
