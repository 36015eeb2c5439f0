"""The page: a picture in; emotions, heat maps, filters and their proofs out. Started by `emolive web`."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st

from emolive.attribution.methods import METHODS
from emolive.core.errors import EmoliveError
from emolive.core.scene import Face, Frame, Scene
from emolive.networks.checkpoint import Model, choose_device, load
from emolive.networks.fast import fast
from emolive.web import bundle, controls, parts, say, sections, uploads
from emolive.web.studio import Wish, explained, find_faces, redrawn, shipped_models, whole_picture

T = TypeVar("T")

INTRO = "What does a small neural network see in a face, and which parts of the picture did it use?"

LIMITS = (
    "The network sorts pictures of facial expressions into words that people gave to similar pictures. It does not "
    "know what anybody feels, and a heat map shows what this network used, not where an emotion is. "
    "Pictures are looked at on the machine that runs emolive; none is kept, none is sent elsewhere."
)

LOOKS = 12
"""How many results a session keeps."""


def page() -> None:
    """Everything, from top to bottom; Streamlit runs it anew after each change."""
    st.set_page_config("emolive", page_icon=bundle.icon(), layout="wide")
    st.html(parts.STYLE)
    st.title("emolive", anchor=False)
    st.markdown(INTRO)
    with st.sidebar:
        st.header("What to show", anchor=False)
        network = _network()
        wish = controls.wish(network)
    frames, failures = controls.pictures()
    for sentence in failures.values():
        say.error(sentence)
    if frames:
        _pictures(network, frames, failures, wish)
    elif not failures:
        st.info("Choose a picture: then you see the faces in it, and what the network makes of them.")
    st.caption(LIMITS)


def _network() -> Model:
    shipped = shipped_models()
    name, uploaded = controls.model(list(shipped))
    if uploaded:
        try:
            return _uploaded(uploads.digest(uploaded[0]), *uploaded)
        except EmoliveError as error:
            say.error(str(error))
    return _shipped(name)


@st.cache_resource(show_spinner="Loading the network …")
def _shipped(name: str) -> Model:
    """Loaded once, for all sessions."""
    return fast(load(shipped_models()[name], device=choose_device("auto")))


@st.cache_resource(scope="session", max_entries=1, show_spinner="Loading the network …")
def _uploaded(_digest: str, data: bytes, name: str) -> Model:
    return fast(uploads.network(data, name, choose_device("auto")))


def _pictures(network: Model, frames: Sequence[Frame], failures: dict[str, str], wish: Wish) -> None:
    frame = frames[0]
    if len(frames) > 1:
        names = [frame.name for frame in frames]
        frame = frames[names.index(st.selectbox("Picture to look at", names))]
    faces, whole = _find(network, frame, wish.detector)
    if faces:
        wish = replace(wish, face=controls.face(faces))
        scenes = _look(network, frame, faces, wish, proof=METHODS[wish.method].slow)
        if scenes[0].chosen:
            sections.card(scenes[0], scenes[0].chosen.index)
        places = [sections.layer(scene) for scene in scenes]
        sections.strip(scenes[0])
        sections.others(scenes[0])
        # What masking does takes longest, so all else is seen before it; but for slow maps, which are made once.
        for place, scene in zip(places, _look(network, frame, faces, wish), strict=True):
            if place:
                sections.masked(place, scene)
    st.download_button(
        "Download everything (ZIP)",
        lambda: bundle.archive(_everything(network, frames, wish, whole), failures, network, wish),
        file_name="emolive.zip",
        mime="application/zip",
        on_click="ignore",
        icon=":material/download:",
        help="All pictures as PNG, and report.json with every number.",
    )


def _find(network: Model, frame: Frame, detector: str) -> tuple[tuple[Face, ...], bool]:
    """The faces of the picture, or the whole picture as one if that is wished; and whether it is."""
    with st.spinner("Looking for faces …"):
        faces = _kept((frame, detector), lambda: find_faces(frame, detector))
    if faces:
        return faces, False
    say.warning(
        f"No face was found in {frame.name}. Is the face turned, very small or very large? Another detector may help."
    )
    whole = st.toggle("Treat the whole picture as a face", key="whole", bind=controls.URL)
    if not whole:
        st.image(bundle.jpeg(frame.bgr), alt=f"The picture {frame.name}")
    return whole_picture(frame, network, detector) if whole else (), whole


def _look(network: Model, frame: Frame, faces: tuple[Face, ...], wish: Wish, proof: bool = True) -> list[Scene]:
    """What the network makes of the faces; without `proof` only if that is not known yet."""
    key = (network, frame, len(faces), faces[0].box, wish.asked)
    with st.spinner("Looking …"):
        bar = st.empty()  # in each run: what follows keeps its place on the page, where it takes the place of the old

        def tell(part: float) -> None:
            bar.progress(min(part, 1.0), "Score-CAM")

        if proof or key in _all_kept():
            scenes = _kept(key, lambda: explained(network, frame, faces, wish, tell))
        else:
            scenes = explained(network, frame, faces, wish, proof=False)
        bar.empty()
    return [redrawn(scene, wish) for scene in scenes]


def _all_kept() -> dict[Hashable, Any]:
    kept: dict[Hashable, Any] = st.session_state.setdefault("kept", {})
    return kept


def _kept(key: Hashable, make: Callable[[], T]) -> T:
    """What this session has made before, or makes now; the last few are kept."""
    kept = _all_kept()
    if key not in kept:
        kept[key] = make()
    while len(kept) > LOOKS:
        del kept[next(iter(kept))]
    made: T = kept[key]
    return made


def _everything(network: Model, frames: Sequence[Frame], wish: Wish, whole: bool) -> list[Sequence[Scene]]:
    pages: list[Sequence[Scene]] = []
    for frame in frames:
        faces = find_faces(frame, wish.detector)
        if whole and not faces:
            faces = whole_picture(frame, network, wish.detector)
        pages.append(explained(network, frame, faces, wish))
    return pages


page()
