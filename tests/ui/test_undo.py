"""One key undoes the last change of how things look, also a reset, as far back as is remembered."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from emolive.core.scene import Aim, Key, Menu, Pin, Select, Settings
from emolive.ui.keys import BINDINGS, looking_like, press
from emolive.ui.undo import MOST, Undoable

MENU = Menu(
    methods=("cam", "gradcam", "layercam"),
    layers=("layer1", "layer2", "layer3", "layer4"),
    labels=("angry", "happy", "sad"),
    tracks=(3, 5),
    order=tuple(range(64)),
    pages=4,
    random=("fc", "layer4"),
    start=Settings(alpha=0.3),
)
KEYS = sorted({key for binding in BINDINGS for key in binding.keys} - {"U", "q", "esc"})
EVENTS = st.one_of(
    st.sampled_from(KEYS).map(Key), st.integers(0, 9).map(Pin), st.sampled_from([3, 5]).map(Select),
    st.sampled_from(MENU.labels).map(Aim),
)  # fmt: skip


def looks(settings: Settings) -> Settings:
    return replace(looking_like(Settings(), settings), help=False)


@given(st.lists(EVENTS, max_size=40))
def test_every_change_can_be_undone_back_to_the_beginning(events):
    """What was seen after each change is seen again, in reverse; what was done stays done."""
    act = Undoable(press)
    settings, seen = Settings(), [Settings()]
    for event in events:
        settings = act(settings, event, MENU)
        if looks(settings) != looks(seen[-1]):
            seen.append(settings)
    done = settings
    for before in reversed(seen[:-1]):
        settings = act(settings, Key("U"), MENU)
        assert looks(settings) == looks(before)
        assert looking_like(settings, Settings()) == looking_like(done, Settings())
    assert act(settings, Key("U"), MENU) == settings


def test_a_reset_can_be_undone_and_what_was_done_stays_done():
    act = Undoable(press)
    settings = act(act(Settings(pins=(4,)), Key("m"), MENU), Key("r"), MENU)
    reset = act(settings, Key("0"), MENU)
    assert (reset.pins, reset.alpha) == ((), 0.3)
    frozen = act(reset, Key(" "), MENU)
    assert act(frozen, Key("U"), MENU) == replace(settings, frozen=True)


def test_as_many_changes_are_remembered_as_is_promised():
    act = Undoable(press)
    settings = Settings()
    for _ in range(MOST + 7):
        settings = act(settings, Key("o"), MENU)
    for _ in range(MOST):
        after = act(settings, Key("U"), MENU)
        assert after != settings
        settings = after
    assert act(settings, Key("U"), MENU) == settings
