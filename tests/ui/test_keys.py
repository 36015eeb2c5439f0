"""The hotkeys: each does one thing, whatever there is to choose from."""

from dataclasses import fields, replace

import pytest

from emolive.core.scene import (
    TOP,
    Aim,
    Closed,
    Enlarge,
    Key,
    Menu,
    Pin,
    Select,
    Settings,
    Target,
    Variant,
    other_variant,
    variants,
)
from emolive.ui.heat import COLORMAPS
from emolive.ui.keycodes import key_name
from emolive.ui.keys import BINDINGS, Binding, by_key, help_table, press

MENU = Menu(
    methods=("cam", "gradcam", "layercam"),
    layers=("layer1", "layer2", "layer3", "layer4"),
    labels=("angry", "happy", "sad"),
    tracks=(3, 5, 9),
    order=tuple(range(64)),
    pages=4,
    random=("fc", "layer4", "layer3", "layer2", "layer1"),
    start=Settings(alpha=0.3, tiles=25),
)
EMPTY = Menu(methods=(), layers=(), labels=(), views=(), pages=0)
SETTINGS = Settings(method="gradcam", layer="layer2", filter_layer="layer3", page=1, selected=5, target="happy")

ISSUE = set("mMlL][eEn+-o ,.jkNPrsf><ux0h?q" + "cCgdzwWatviy" + "bBTF" + "pRSU") | {"esc", "tab"}

EVERY_KEY = [key for binding in BINDINGS for key in binding.keys]


@pytest.mark.parametrize("binding", BINDINGS, ids=lambda b: b.help)
@pytest.mark.parametrize("menu", [MENU, EMPTY], ids=["full", "empty"])
@pytest.mark.parametrize(
    "settings",
    [SETTINGS, Settings(), replace(SETTINGS, method="?", layer="?", filter_layer="?", target="?", page=99, views=())],
)
def test_a_key_gives_settings_and_changes_only_its_own_fields(binding, menu, settings):
    for key in binding.keys:
        after = press(settings, Key(key), menu)
        assert isinstance(after, Settings)
        changed = {f.name for f in fields(Settings) if getattr(after, f.name) != getattr(settings, f.name)}
        assert changed <= set(binding.fields)


@pytest.mark.parametrize("binding", [b for b in BINDINGS if b.keys != ("0",)], ids=lambda b: b.help)
def test_a_key_changes_something(binding):
    settings = replace(SETTINGS, pins=(4, 5), record=binding.keys == ("p",), board=binding.keys == ("tab",))
    assert press(settings, Key(binding.keys[0]), replace(MENU, before=SETTINGS)) != settings


@pytest.mark.parametrize(
    ("there", "back"),
    [
        "mM",
        "lL",
        "][",
        "eE",
        "+-",
        "oo",
        "ff",
        "><",
        "xx",
        "  ",
        "rr",
        "kj",
        "NP",
        "hh",
        ("?", "h"),
        "cC",
        "gg",
        "tt",
        "dd",
        "zz",
        "wW",
        "vv",
        ("right", "left"),
    ],
)
def test_next_then_previous_is_where_it_began(there, back):
    began = replace(SETTINGS, page=0 if there == "]" else 1)
    for keys in ((there, back), (back, there)):
        after = began
        for key in keys:
            after = press(after, Key(key), MENU)
        assert after == began


@pytest.mark.parametrize(
    ("key", "field", "count"),
    [
        ("m", "method", 3),
        ("M", "method", 3),
        ("l", "layer", 4),
        ("e", "target", 4),
        (">", "page", 4),
        ("n", "selected", 3),
        ("c", "against", 3),
        ("w", "random", 6),
        ("i", "colormap", len(COLORMAPS)),
    ],
)
def test_walking_goes_round_and_meets_everything(key, field, count):
    settings, met = SETTINGS, set()
    for _ in range(count):
        settings = press(settings, Key(key), MENU)
        met.add(getattr(settings, field))
    assert settings == SETTINGS
    assert len(met) == count


def test_targets_are_top_and_then_each_label():
    met = [TOP]
    for _ in range(4):
        met.append(press(Settings(target=met[-1]), Key("e"), MENU).target)
    assert met == [TOP, "angry", "happy", "sad", TOP]


def test_stepping_freezes_and_counts():
    on = press(press(Settings(), Key("."), MENU), Key("."), MENU)
    assert (on.frozen, on.steps) == (True, 2)
    assert press(on, Key(","), MENU).steps == 1
    assert press(on, Key(" "), MENU).frozen is False


def test_seeks_files_and_shots_add_up():
    settings = Settings()
    for key in ["k", "right", "j", "N", "N", "P", "s", "s"]:
        settings = press(settings, Key(key), MENU)
    assert (settings.seek_ms, settings.file, settings.shots) == (5000, 1, 2)


def test_alpha_stays_between_none_and_all():
    settings = Settings(alpha=0.5)
    for _ in range(9):
        settings = press(settings, Key("+"), MENU)
    assert settings.alpha == 1
    for _ in range(20):
        settings = press(settings, Key("-"), MENU)
    assert settings.alpha == 0
    assert press(settings, Key("="), MENU).alpha == 0.1


def test_another_filter_layer_drops_page_and_pins():
    after = press(replace(SETTINGS, pins=(3,)), Key("]"), MENU)
    assert (after.filter_layer, after.page, after.pins) == ("layer4", 0, ())
    one = replace(MENU, layers=("layer3",))
    assert press(replace(SETTINGS, pins=(3,)), Key("]"), one).pins == (3,)


def test_reset_keeps_what_was_done_and_forgets_how_it_looked():
    done = replace(SETTINGS, record=True, shots=3, file=2, seek_ms=5000, frozen=True, steps=-4, help=True, pins=(1,))
    after = press(done, Key("0"), MENU)
    assert after == replace(MENU.start, record=True, shots=3, file=2, seek_ms=5000, frozen=True, steps=-4)


def test_reset_may_change_every_field_that_it_does_not_keep():
    (binding,) = [b for b in BINDINGS if b.keys == ("0",)]
    kept = {"record", "paused", "shots", "clips", "kept", "file", "seek_ms", "frozen", "steps", "quit"}
    assert set(binding.fields) | kept == {f.name for f in fields(Settings)}
    assert not set(binding.fields) & kept


def test_a_pause_needs_a_recording_and_ends_with_it():
    assert press(Settings(), Key("p"), MENU) == Settings()
    paused = press(Settings(record=True), Key("p"), MENU)
    assert paused.paused
    assert not press(paused, Key("p"), MENU).paused
    assert press(paused, Key("r"), MENU) == Settings()


def test_n_goes_to_another_face_when_none_was_chosen():
    assert press(Settings(selected=0), Key("n"), MENU).selected == 5
    assert press(Settings(selected=77), Key("n"), replace(MENU, tracks=(3,))).selected == 3


def test_pins_toggle_and_keep_their_order():
    settings = Settings()
    for channel in (7, 3, 9, 3):
        settings = press(settings, Pin(channel), MENU)
    assert settings.pins == (7, 9)
    assert press(settings, Key("u"), MENU).pins == ()


def test_a_click_on_a_face_selects_it():
    assert press(Settings(), Select(9), MENU) == Settings(selected=9)


def test_a_click_on_an_emotion_makes_it_the_target_and_a_second_one_the_likeliest_again():
    aimed = press(Settings(against="happy"), Aim("happy"), MENU)
    assert aimed == Settings(target="happy")
    assert press(aimed, Aim("sad"), MENU) == Settings(target="sad")
    assert press(aimed, Aim("happy"), MENU) == Settings()
    assert press(Settings(against="sad"), Aim("happy"), MENU) == Settings(target="happy", against="sad")


def test_closing_the_camera_quits_and_closing_the_filters_does_not():
    assert press(Settings(), Closed("camera"), MENU).quit
    after = press(Settings(), Closed("filters"), MENU)
    assert (after.quit, after.views) == (False, ("camera",))
    assert press(after, Key("f"), MENU).views == ("camera", "filters")
    assert press(Settings(views=("filters",)), Closed("filters"), MENU).quit


def walk(settings: Settings, keys: str, menu: Menu = MENU) -> Settings:
    for key in keys:
        settings = press(settings, Key(key), menu)
    return settings


def test_b_docks_all_views_and_undocks_them_again():
    menu = replace(MENU, views=("camera", "filters", "emotions", "proof", "timeline"), start=Settings())
    on = walk(Settings(views=("camera", "emotions")), "b", menu)
    assert (on.board, set(on.views)) == (True, set(menu.views))
    assert walk(on, "b", menu).views == ("camera", "filters")
    assert not walk(on, "b", menu).board
    assert press(on, Closed("board"), menu).quit


def test_a_pane_is_enlarged_by_a_click_or_a_key_and_goes_back():
    on = Settings(board=True, views=("camera", "filters"))
    clicked = press(on, Enlarge("filters"), MENU)
    assert clicked.large == "filters"
    assert press(clicked, Enlarge("filters"), MENU) == on
    met = []
    for _ in range(3):
        on = press(on, Key("tab"), MENU)
        met.append(on.large)
    assert met == ["camera", "filters", ""]


def test_on_the_board_the_pane_of_tests_stays_when_the_last_test_ends():
    on = Settings(board=True, views=("camera", "proof"), proof=True)
    assert walk(on, "d").views == ("camera", "proof")


def test_nothing_is_held_against_itself():
    for begun in (Settings(), Settings(target="happy"), Settings(against="happy")):
        for keys in ("c" * 9, "C" * 9, "e" * 9, "E" * 9, "cecEcceCe"):
            for n in range(len(keys)):
                after = walk(begun, keys[: n + 1])
                assert after.against in (None, *MENU.labels)
                assert not after.against or after.against != after.target


def test_the_window_of_tests_opens_with_the_first_test_and_closes_with_the_last():
    for key, field in (("d", "proof"), ("w", "random"), ("W", "random"), ("z", "off"), ("a", "compare")):
        after = press(Settings(), Key(key), MENU)
        assert getattr(after, field)
        assert after.views == ("camera", "filters", "proof")
    both = walk(Settings(), "dw")
    assert both.views.count("proof") == 1
    assert "proof" in walk(both, "d").views
    assert "proof" not in walk(both, "dW").views
    assert walk(Settings(views=("proof",)), "dd").views == ("proof",)


def test_closing_the_window_of_tests_ends_the_blurring_and_a_key_opens_it_again():
    closed = press(walk(Settings(), "dw"), Closed("proof"), MENU)
    assert (closed.proof, closed.random, closed.views) == (False, 1, ("camera", "filters"))
    assert "proof" in walk(closed, "d").views
    assert "proof" in walk(closed, "z").views
    assert "proof" not in walk(closed, "w").views


def test_pinned_filters_are_switched_off_or_else_the_strongest():
    assert walk(Settings(pins=(4, 9)), "z").off == (4, 9)
    assert walk(Settings(), "z", replace(MENU, order=(17, 3))).off == (17,)
    assert walk(Settings(off=(4,), pins=(4, 9)), "z").off == ()
    assert walk(Settings(off=(4,), filter_layer="layer3"), "]").off == ()


def test_as_many_stages_are_random_as_there_are():
    assert [walk(Settings(), "w" * n).random for n in range(7)] == [0, 1, 2, 3, 4, 5, 0]
    assert walk(Settings(), "W").random == 5


def test_a_goes_through_the_next_method_the_other_stages_and_the_second_model():
    menu = replace(MENU, layers=("conv1", "layer1.0", "layer1", "layer3", "layer4"), models=("a", "b"))
    settings, met = Settings(layer="layer3", target="happy"), []
    for _ in range(7):
        settings = press(settings, Key("a"), menu)
        met.append(settings.compare and (settings.compare.net, settings.compare.method, settings.compare.layer))
    assert met == [
        ("a", "layercam", "layer3"),
        ("a", "gradcam", "layer1"),
        ("a", "gradcam", "conv1"),
        ("a", "gradcam", "layer4"),
        ("b", "gradcam", "layer3"),
        None,
        ("a", "layercam", "layer3"),
    ]
    assert other_variant(settings).target == Target("happy")
    assert walk(Settings(), "a" * 5).compare is None  # next method, three stages, and no second model


def test_what_is_compared_is_never_the_same_nor_slow_nor_in_need_of_pins():
    menu = replace(MENU, methods=("gradcam", "scorecam", "filter"), layers=("layer3", "layer4"))
    for method in menu.methods:
        settings = Settings(method=method)
        for _ in range(5):
            settings = press(settings, Key("a"), menu)
            if settings.compare:
                assert settings.compare.method == "gradcam"
                assert len(variants(settings)) == 2
    walked = replace(walk(Settings(), "a", menu), compare=Variant(method="gone"))
    assert walk(walked, "a", menu).compare is None


def test_reset_ends_all_tests():
    tested = walk(Settings(pins=(3,)), "cgdzwatvi")
    assert walk(tested, "0", replace(MENU, start=Settings())) == Settings()


@pytest.mark.parametrize("key", ["A", "Q", "§", "", "enter", "f12"])
def test_unknown_keys_do_nothing(key):
    assert press(SETTINGS, Key(key), MENU) is SETTINGS


def test_the_keys_are_those_that_were_asked_for():
    assert set(EVERY_KEY) - ISSUE == {"=", "left", "right", "up", "down", "pageup", "pagedown"}
    assert set(EVERY_KEY) >= ISSUE


def test_arrow_keys_are_only_other_names():
    assert all(b.keys[0] not in {"left", "right", "up", "down", "pageup", "pagedown"} for b in BINDINGS)


def test_a_key_bound_twice_is_an_error():
    twice = Binding(("m",), "something else", lambda s, menu: s, (), "map")
    with pytest.raises(ValueError, match="'m' is bound twice: next CAM method, something else"):
        by_key([*BINDINGS, twice])


def test_the_help_table_names_every_key():
    lines = help_table().splitlines()
    assert len(lines) == len(BINDINGS) + 2
    assert "| `space` | freeze and go on |" in lines
    assert "| `h` `?` | this help |" in lines
    assert all(line.count("|") == 3 for line in lines)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (ord("m"), "m"), (ord("M"), "M"), (32, " "), (27, "esc"), (13, "enter"), (ord("]"), "]"), (ord("?"), "?"),
        (0xFF51, "left"), (0xFF56, "pagedown"), (0xFFAB, "+"),  # X
        (0x10FF51, "left"), (0x10004D, "M"), (0x10006D, "m"),  # GTK, with Num Lock or Shift in the upper bits
        (0x250000, "left"), (0x220000, "pagedown"),  # Windows
        (0xF702, "left"), (0xF72D, "pagedown"),  # macOS
        (-1, None), (0xFFE1, None), (0xFFBE, None), (0, None),
    ],
)  # fmt: skip
def test_key_codes_of_all_window_systems(code, name):
    assert key_name(code) == name
