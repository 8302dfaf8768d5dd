"""How far long work is, on a terminal and elsewhere."""

import pytest

from mrcnn_keras import progress
from mrcnn_keras.progress import ProgressLine


@pytest.fixture
def time(monkeypatch):
    """Its attribute `now` is what the clock reads, in seconds."""

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


def test_elsewhere_a_line_each_half_minute(time, capsys):
    show = ProgressLine().counting("read picture")
    for done in range(1, 101):
        time.now += 1
        show(done, 100)
    assert capsys.readouterr().out.splitlines() == [f"read picture {n} of 100" for n in (30, 60, 90)]


def test_elsewhere_lines_may_go_to_a_log(time):
    log = []
    line = ProgressLine(log.append)
    line.show("epoch 1")
    line.clear()
    assert log == ["epoch 1"]
    assert not line.is_due()
    time.now += 30
    assert line.is_due()


def test_on_a_terminal_the_line_is_written_over_and_cut(time, on_terminal, capsys):
    line = on_terminal
    line.show("0123456789012345678901234")
    time.now += 0.5
    assert line.is_due()
    line.show("short")
    line.clear()
    assert capsys.readouterr().out == "\r0123456789012345678\x1b[K\rshort\x1b[K\r\x1b[K"


def test_on_a_terminal_a_count_goes_when_it_is_done(time, on_terminal, capsys):
    show = on_terminal.counting("read")
    for done in (1, 2, 3):
        time.now += 1
        show(done, 3)
    assert capsys.readouterr().out == "\rread 1 of 3\x1b[K\rread 2 of 3\x1b[K\r\x1b[K"
