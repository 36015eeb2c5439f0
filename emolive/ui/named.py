"""What is said of a face's emotion, and where none is named: every view says it in these words."""

import numpy as np

from emolive.core.scene import TOP, Chosen, Scene
from emolive.ui.words import caption, label, percent


def answered(scene: Scene, i: int) -> str:
    """The answer for `scene.faces[i]`: "happy 80 %", "unsure, happy 30 % at most", or why there is none."""
    if scene.faces[i].outside:
        return unnamed(scene, i)
    words = " ".join(likeliest(scene, i))
    return f"{scene.doubt(i)}, {words} at most" if scene.doubt(i) else words


def likeliest(scene: Scene, i: int) -> tuple[str, str]:
    """A face's likeliest emotion and how probable it is, in words."""
    probs = np.nan_to_num(scene.readings[i].answer)
    top = int(np.argmax(probs))
    return label(scene.menu.labels, top), percent(float(probs[top]))


def unnamed(scene: Scene, i: int) -> str:
    """Why no emotion of a face that lies outside of what the network knows is named."""
    return f"{scene.faces[i].outside}, so no emotion is named"


def who(chosen: Chosen) -> str:
    """What the selected face is called."""
    return f"face {chosen.face.track}" if chosen.face.track else "the face"


def target(scene: Scene, chosen: Chosen, index: int) -> str:
    """The emotion of that index, which something speaks for; not by its name where nobody chose it, and it would only
    say what the network takes a face for that it cannot know."""
    hidden = chosen.face.outside and scene.settings.target is TOP
    return "the likeliest emotion" if hidden else label(scene.menu.labels, index)


def mapped(scene: Scene, chosen: Chosen) -> str:
    """How the map that is shown of a face is made, and what it speaks for."""
    reading = chosen.reading
    return caption(reading.shown, scene.menu, None if chosen.face.outside else reading.painted.target)
