"""The results on the page: a card per face, a section per layer, the strip of all emotions."""

import cv2
import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from emolive.audit.verdict import judged
from emolive.core.evidence import OWN
from emolive.core.scene import Proof, Scene
from emolive.faces.crop import crop_face
from emolive.ui.camera import camera
from emolive.ui.emotions import common_scale, legend, legend_height, likeliest, painted
from emolive.ui.panels import page
from emolive.ui.views import emotions
from emolive.ui.words import percent
from emolive.web import bundle, parts, say
from emolive.web.studio import TITLES, selected_reading

CARD = 132
"""Pixels a side of the face on a card, on the page."""

STRIP, SCALE, PX = 120, 340, 15
"""Pixels a side of each emotion's map."""

WIDE = 1.2
"""A picture this many times as wide as high gets the page's whole width."""


def card(scene: Scene, index: int) -> None:
    """A face, its emotion, and a bar per emotion."""
    face, reading = scene.faces[index], scene.readings[index]
    labels, probs = scene.menu.labels, np.nan_to_num(reading.result.probs)
    name, sure = labels[int(np.argmax(probs))], percent(float(probs.max()))
    number = f"{face.track} · " if len(scene.faces) > 1 else ""
    with st.container(border=True):
        say.answer(f"{name} {sure}", number)
        with st.container(horizontal=True, vertical_alignment="center"):
            picture = crop_face(scene.frame.bgr, reading.square, 2 * CARD, turn=reading.turn)
            st.image(picture, width=CARD, alt=f"Face {face.track}: {name}, {sure}")
            st.html(parts.probabilities(probs, labels), width="stretch")


def others(scene: Scene) -> None:
    """The cards of all faces but the one that details are shown of."""
    rest = [i for i in range(len(scene.faces)) if scene.chosen is None or i != scene.chosen.index]
    if not rest:
        return
    st.subheader("The other faces", anchor=False)
    for start in range(0, len(rest), 2):
        for column, index in zip(st.columns(2), rest[start : start + 2], strict=False):
            with column:
                card(scene, index)


def layer(scene: Scene) -> DeltaGenerator | None:
    """One layer: heat on the picture, filter tiles, the ledger; gives the place for what masking does (`masked`)."""
    name, reading = scene.settings.layer, selected_reading(scene)
    if reading is None:
        return None
    count, height, width = reading.maps.shape
    say.title(name)
    method = TITLES[scene.settings.method]
    say.caption(f"{count} filters, each a map of {height} × {width} cells. {_chosen(scene)}")
    high, wide = scene.frame.bgr.shape[:2]
    heat = st.container() if wide > WIDE * high else None
    left, right = st.columns(2)
    heat, drops = (heat, right) if heat else (left, left)
    tiles, ledger = (left, right) if drops is right else (right, right)
    if reading.painted.why:
        say.note(reading.painted.why, heat)
    show(heat, camera(scene).bgr, f"Heat of {method} at {name}", f"{_stem(scene)}-{name}-heat.png")
    words = f"{min(scene.settings.tiles, count)} filters of {name}"
    show(tiles, bundle.tiles(scene), words, f"{_stem(scene)}-{name}-filters.png")
    place: DeltaGenerator = drops.empty()
    if reading.proof is None:  # what stands there is of the map before
        place.caption("Masking parts of the face …")
    if reading.ledger is not None:
        ledger.html(parts.ledger(reading.ledger, scene.menu.labels[reading.ledger.target]))
    return place


def masked(place: DeltaGenerator, scene: Scene) -> None:
    """What masking the map's hottest part does, beside its controls', and what is to be said of it."""
    reading = selected_reading(scene)
    if reading is None or reading.proof is None:
        place.empty()
        return
    place = place.container()
    place.html(parts.drops(reading.proof, scene.menu.labels[reading.painted.target]))
    if scene.chosen:
        say.note(judged(scene.chosen, scene.menu).text, place)
    place.image(_masked(reading.proof), width="stretch", alt="The face without what this map calls hot")


def strip(scene: Scene) -> None:
    """The map of each emotion for the chosen face."""
    reading = selected_reading(scene)
    if reading is None or reading.emotions is None:
        return
    st.subheader("Every emotion", anchor=False)
    view, labels = emotions(scene).bgr, scene.menu.labels
    those = likeliest(scene.chosen.probs) if scene.chosen else ()
    few = f" The {len(those)} most probable ones of {len(labels):,}." if len(those) < len(labels) else ""
    base = reading.base or reading.shown
    measure = reading.results[base].measure
    colors = "Orange speaks for it, blue against it." if measure.against else "Only what speaks for it is painted."
    say.caption(f"Each emotion at {scene.settings.layer}, all on one scale. {colors}{few} {_chosen(scene)}")
    scale, blind, colormap = (
        common_scale(reading.emotions, measure, scene.settings.scale),
        base.method in scene.menu.blind,
        scene.settings.colormap,
    )
    # The view's own maps, one by one, so that they find room side by side on a phone, too.
    with st.container(horizontal=True):
        for i in those:
            name, p = labels[i], reading.result.probs[i]
            with st.container(width=STRIP, gap=None):
                one = painted(reading.crop, reading.emotions[i], scale, 2 * STRIP, colormap)
                st.image(bundle.jpeg(one), width=STRIP, alt=f"The map of {name}")
                say.caption(f"{name} {percent(float(p))}")
    strip_of_scale = page(SCALE, legend_height(SCALE - PX, PX, scale, blind) + PX // 2)
    legend(strip_of_scale, (PX // 2, PX // 4, SCALE - PX // 2, len(strip_of_scale)), PX, scale, blind, colormap)
    st.image(bundle.jpeg(strip_of_scale), width="content", alt="The scale of all these maps")
    download(view, "The map of each emotion", f"{_stem(scene)}-emotions.png")


def show(place: DeltaGenerator, bgr: np.ndarray, words: str, file: str) -> None:
    """A picture with what it shows for those who cannot see it, and a button that gives it as PNG."""
    place.image(bundle.jpeg(bgr), width="stretch", alt=words)
    with place:
        download(bgr, words, file)


def download(bgr: np.ndarray, words: str, file: str) -> None:
    """A button that gives a picture as PNG, made when it is asked for."""
    st.download_button(
        say.button(f"{words} (PNG)"),
        lambda: bundle.png(bgr),
        file,
        "image/png",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def _chosen(scene: Scene) -> str:
    return f"Details are of face {scene.chosen.face.track}." if scene.chosen and len(scene.faces) > 1 else ""


def _stem(scene: Scene) -> str:
    return bundle.stem(scene.frame.name)


def _masked(proof: Proof) -> np.ndarray:
    """The face without the map's own hottest part, by each masking, side by side, (H, W, 3) uint8 RGB."""
    side = 3 * proof.masked.shape[1]
    own = [face for face, ask in zip(proof.masked, proof.asks, strict=True) if ask.of == OWN]
    return np.hstack([cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC) for face in own])
