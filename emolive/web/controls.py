"""The widgets: where pictures come from, and what is asked of them. Their state is in the page's address."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import streamlit as st

from emolive.core.errors import EmoliveError
from emolive.core.scene import Face, Frame, Memory, Settings, selected
from emolive.networks.checkpoint import Model
from emolive.ui.heat import COLORMAPS
from emolive.web import uploads
from emolive.web.studio import FEWEST, MOST, SCALES, SORTS, TITLES, Wish, portrait, usual_map

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

SOURCES = {"demo": "Demo picture", "upload": "Upload", "camera": "Camera"}

DETECTORS = {
    "full": "full range",
    "short": "short range: one person at a desk",
    "tiled": "tiled: small faces in crowds",
}

URL: Literal["query-params"] = "query-params"
"""Where the widgets keep their state, so that a view can be shared."""

LIKELIEST = "each face's likeliest"


def pictures() -> tuple[list[Frame], dict[str, str]]:
    """The pictures somebody chose, and what is wrong with the others, by name."""
    source = st.segmented_control(
        "Picture",
        list(SOURCES),
        default="demo",
        required=True,
        format_func=SOURCES.__getitem__,
        key="picture",
        bind=URL,
    )
    if source == "demo":
        return _read({"grace_hopper.jpg": portrait().read_bytes()})
    if source == "camera":
        shot = st.camera_input("Take a picture with this device's camera")
        return _read({"camera.jpg": shot.getvalue()} if shot else {})
    files = st.file_uploader(
        f"Choose one or more pictures (up to {uploads.PICTURE_MB} MB each)",
        uploads.ENDINGS,
        accept_multiple_files=True,
        max_upload_size=uploads.PICTURE_MB,
    )
    return _read({_unique(file.name, n, files): file.getvalue() for n, file in enumerate(files)})


def _unique(name: str, n: int, files: "Sequence[UploadedFile]") -> str:
    """Two uploads of one name are two pictures."""
    return f"{n + 1}-{name}" if sum(file.name == name for file in files) > 1 else name


def _read(files: dict[str, bytes]) -> tuple[list[Frame], dict[str, str]]:
    frames, failures = [], {}
    for name, data in files.items():
        try:
            frames.append(_frame(data, name))
        except EmoliveError as error:
            failures[name] = str(error)
    return frames, failures


@st.cache_resource(scope="session", max_entries=12, show_spinner=False)
def _frame(data: bytes, name: str) -> Frame:
    return uploads.picture(data, name)


def model(shipped: list[str]) -> tuple[str, tuple[bytes, str] | None]:
    """The name of the chosen network, and the file and its name where one was uploaded."""
    name = st.selectbox("Network", shipped, key="model", bind=URL)
    file = st.file_uploader(
        "Another network (.safetensors)",
        "safetensors",
        max_upload_size=uploads.MODEL_MB,
        help="A checkpoint written by emolive. No code in it is ever run.",
    )
    return name, (file.getvalue(), file.name) if file else None


def wish(network: Model) -> Wish:
    """What the sidebar asks for; `face` is chosen elsewhere."""
    names = list(network.layers)
    usual = usual_map(network)
    method = st.selectbox(
        "Method of the heat map",
        list(TITLES),
        index=list(TITLES).index(usual[0]),
        format_func=TITLES.__getitem__,
        key="method",
        bind=URL,
    )
    chosen = st.multiselect("Layers", names, default=[usual[1]], key="layers", bind=URL)
    target = st.selectbox(
        "Emotion to explain",
        [Wish.target, *network.spec.labels],
        format_func=lambda t: t or LIKELIEST,
        key="target",
        bind=URL,
    )
    tiles = st.slider("Number of filters", FEWEST, MOST, Wish.tiles, key="tiles", bind=URL)
    sort = st.selectbox("Filters sorted by", list(SORTS), format_func=SORTS.__getitem__, key="sort", bind=URL)
    alpha = st.slider("Strength of the heat", 0, 100, round(100 * Wish.alpha), 5, format="%d %%", key="heat", bind=URL)
    colors = st.selectbox("Colours", list(COLORMAPS), key="colors", bind=URL)
    scale = st.selectbox("Full heat is", list(SCALES), format_func=SCALES.__getitem__, key="scale", bind=URL)
    detector = st.selectbox(
        "Face detector", list(DETECTORS), format_func=DETECTORS.__getitem__, key="detector", bind=URL
    )
    return Wish(
        method=method,
        layers=tuple(chosen) or usual[1:],
        tiles=tiles,
        sort=sort,
        target=target,
        alpha=alpha / 100,
        colormap=colors,
        scale=scale,
        detector=detector,
    )


def face(faces: Sequence[Face]) -> int:
    """The number of the face that details are shown of, the largest at first."""
    numbers = [face.track for face in faces]
    if len(numbers) == 1:
        return numbers[0]
    largest = numbers[selected(faces, Settings(), Memory())]
    return st.segmented_control("Details of face", numbers, default=largest, required=True, key="face", bind=URL)
