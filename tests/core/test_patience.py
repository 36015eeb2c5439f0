"""Waiting for what may never answer."""

import threading

import pytest

from emolive.core.patience import NoAnswer, within


def test_what_a_call_gives_and_raises_comes_back():
    assert within(60, lambda: None) is None
    assert within(60, lambda: threading.current_thread().name, "someone") == "someone"
    for error in (KeyError("no"), SystemExit(3)):
        with pytest.raises(type(error)) as raised:
            within(60, lambda error=error: (_ for _ in ()).throw(error))
        assert raised.value is error


def test_a_call_that_says_itself_that_time_is_up_has_answered():
    """A network disk does: ETIMEDOUT is Python's TimeoutError."""

    def gone():
        raise TimeoutError(110, "Connection timed out")

    with pytest.raises(TimeoutError, match="Connection"):
        within(60, gone)


def test_who_does_not_answer_is_left_behind():
    answer = threading.Event()
    with pytest.raises(NoAnswer):
        within(0.05, answer.wait, "sleeper")
    (left,) = [one for one in threading.enumerate() if one.name == "sleeper"]
    assert left.daemon
    answer.set()
    left.join(60)
    assert not left.is_alive()
