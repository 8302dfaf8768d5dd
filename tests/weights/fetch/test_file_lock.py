"""The lock: one at a time, and free when its holder is gone."""

import subprocess
import sys
import threading

from mrcnn_keras.weights.fetch.download import locked


def test_the_second_waits_for_the_first(tmp_path):
    """The first one leaves only once the second one has said that it waits."""
    order, waiting, inside = [], threading.Event(), threading.Event()

    def first():
        with locked(tmp_path / "lock", waiting=lambda: None):
            inside.set()
            assert waiting.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    with locked(tmp_path / "lock", waiting=waiting.set):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_an_error_inside_frees_it(tmp_path):
    try:
        with locked(tmp_path / "lock", waiting=lambda: None):
            raise KeyError
    except KeyError:
        pass
    with locked(tmp_path / "lock", waiting=lambda: 1 / 0):
        pass


def test_a_process_that_was_killed_holds_nothing(tmp_path):
    """The process that holds the lock is killed; its file is still there, the lock is not."""
    code = (
        "import os, signal, sys; from mrcnn_keras.weights.file_lock import locked\n"
        "with locked(sys.argv[1], waiting=None): os.kill(os.getpid(), signal.SIGTERM)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=False)
    assert (tmp_path / "lock").exists()
    with locked(tmp_path / "lock", waiting=lambda: 1 / 0):
        pass
