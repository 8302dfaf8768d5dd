"""ProgressLine on a terminal and elsewhere."""

import pytest

from mrcnn_keras import progress
from mrcnn_keras.progress import ProgressLine


@pytest.fixture
def time(monkeypatch):
    """Its attribute `now` is the time that the clock reads, in seconds."""

    class Time:
        now = 1000.0

    monkeypatch.setattr(progress.time, "monotonic", lambda: Time.now)
    return Time


@pytest.fixture
def on_terminal(time, monkeypatch):
    """A line on a terminal of 20 columns."""
    monkeypatch.setenv("COLUMNS", "20")
    line = ProgressLine()
    line.terminal = True
    return line


def test_progress_elsewhere_is_a_line_every_half_minute(time, capsys):
    show = ProgressLine().counting("read picture")
    for done in range(1, 101):
        time.now += 1
        show(done, 100)
    assert capsys.readouterr().out.splitlines() == [f"read picture {n} of 100" for n in (30, 60, 90)]


def test_progress_elsewhere_can_go_to_a_log(time):
    log = []
    line = ProgressLine(log.append)
    line.show("epoch 1")
    line.clear()
    assert log == ["epoch 1"]
    assert not line.is_due()
    time.now += 30
    assert line.is_due()


def test_progress_on_a_terminal_overwrites_and_cuts_its_line(time, on_terminal, capsys):
    line = on_terminal
    line.show("0123456789012345678901234")
    time.now += 0.5
    assert line.is_due()
    line.show("short")
    line.clear()
    assert capsys.readouterr().out == "\r0123456789012345678\x1b[K\rshort\x1b[K\r\x1b[K"


def test_progress_on_a_terminal_disappears_at_the_end(time, on_terminal, capsys):
    show = on_terminal.counting("read")
    for done in (1, 2, 3):
        time.now += 1
        show(done, 3)
    assert capsys.readouterr().out == "\rread 1 of 3\x1b[K\rread 2 of 3\x1b[K\r\x1b[K"
