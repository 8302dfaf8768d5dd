"""The learning rate and the clock: pure functions of steps, or of a time that the tests set."""

import pytest

from mrcnn_keras.training import schedule
from mrcnn_keras.training.schedule import Clock, Occasional, learning_rate


def test_cosine_rate_falls_from_peak_to_zero():
    assert learning_rate(0.8, 0.0, 0) == 0.8
    assert learning_rate(0.8, 0.5, 50) == pytest.approx(0.4)
    assert learning_rate(0.8, 1.0, 100) == pytest.approx(0)


def test_linear_rate_falls_from_peak_to_zero():
    assert [learning_rate(0.8, progress, 9, kind="linear") for progress in (0, 0.25, 1)] == pytest.approx([0.8, 0.6, 0])


def test_step_schedule_falls_to_a_tenth_and_a_hundredth():
    rates = [learning_rate(1.0, progress, 9, kind="step") for progress in (0, 0.66, 0.67, 0.88, 0.89, 1)]
    assert rates == [1, 1, 0.1, 0.1, 0.01, 0.01]


def test_warm_up_rises_linearly_from_a_thousandth():
    rates = [learning_rate(1.0, 0.0, step, kind="step", warmup_steps=4) for step in range(6)]
    assert rates == pytest.approx([0.001, 0.25075, 0.5005, 0.75025, 1, 1])


def test_warm_up_is_over_after_a_tenth_of_the_training():
    rates = [learning_rate(1.0, step / 40, step, kind="step", warmup_steps=500) for step in range(6)]
    assert rates == pytest.approx([0.001, 0.25075, 0.5005, 0.75025, 1, 1])


def test_learning_rate_clips_progress():
    assert learning_rate(1.0, 1.3, 0) == pytest.approx(0)
    assert learning_rate(1.0, -1, 0) == 1


@pytest.fixture
def time(monkeypatch):
    """Its attribute `now` is the time that the clocks read, in seconds."""

    class Time:
        now = 1000.0

    monkeypatch.setattr(schedule.time, "monotonic", lambda: Time.now)
    return Time


def test_clock_progress_of_steps(time):
    clock = Clock(total_steps=8)
    assert [clock.progress(step) for step in (0, 2, 8, 9)] == [0, 0.25, 1, 1]
    assert clock.so_far(2) == {"step": 2, "seconds": 0.0, "scheduled": 0.0}


def test_clock_progress_of_time_begins_after_the_first_step(time):
    clock = Clock(total_seconds=100)
    time.now += 20
    assert clock.progress(0) == 0
    clock.tick()
    assert clock.progress(1) == 0
    time.now += 20
    clock.tick()
    assert clock.progress(2) == pytest.approx(20 / 80)
    time.now += 60
    assert clock.progress(3) == 1


def test_clock_reserves_time_for_the_last_evaluation(time):
    clock = Clock(total_seconds=100)
    clock.tick()
    clock.reserve = 30
    time.now += 35
    assert clock.progress(1) == pytest.approx(0.5)
    time.now += 35
    assert clock.progress(2) == 1


def test_clock_that_ends_before_the_first_step_stops_the_training(time):
    clock = Clock(total_seconds=100)
    time.now += 101
    assert clock.progress(0) == 1


def test_resumed_clock_continues(time):
    clock = Clock(total_seconds=100)
    time.now += 20
    clock.tick()
    time.now += 40
    so_far = clock.so_far(7)
    assert so_far == {"step": 7, "seconds": 60, "scheduled": 50}
    time.now += 5000
    resumed = Clock(total_seconds=100, seconds=so_far["seconds"], scheduled=so_far["scheduled"])
    assert resumed.progress(7) == pytest.approx(0.5)
    time.now += 10
    resumed.tick()
    assert resumed.progress(8) == pytest.approx(0.5)
    time.now += 15
    assert resumed.progress(9) == pytest.approx(0.75)
    assert resumed.seconds() == 85
    longer = Clock(total_seconds=200, seconds=100, scheduled=100)
    assert longer.progress(9) == 0.5


def test_slow_work_is_seldom_due(time):
    saving = Occasional(0.1)
    assert saving.is_due()
    with saving.timed():
        time.now += 3
    time.now += 29
    assert not saving.is_due()
    time.now += 2
    assert saving.is_due()
    assert saving.since() == 31
