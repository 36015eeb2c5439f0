#!/usr/bin/env python
"""Make model/mean_face.safetensors: the mean face of the London set, as a mesh.

python train/mean_face.py LONDON

LONDON is a folder with the neutral pictures of the Face Research Lab London Set in `neutral/`. Each person's mesh is
read, fitted to the others by turning, shifting and scaling (generalised Procrustes analysis, Gower 1975), and averaged
together with its mirror image. The mean looks where the people on average look: straight into the camera.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import cv2
import numpy as np
from safetensors.numpy import save

from emolive.core.scene import Frame
from emolive.faces.detect import Detector
from emolive.faces.lean import lean as leaning
from emolive.faces.mean_mesh import MEAN, fit
from emolive.faces.mesh import Mesher
from emolive.faces.track import assign

LEAST = 10  # people: an average of so many shows nobody
FILLS = 0.9  # how much of the registered picture's side the face's longer side takes
FACTS = {
    "what": "mean face mesh: points (468, 3) in sides of the registered picture, triangles (898, 3)",
    "source": "average of {n} people of L. DeBruine and B. Jones, Face Research Lab London Set, figshare 2017, "
    "doi:10.6084/m9.figshare.5047666; meshes read by MediaPipe's face_landmark.tflite; triangles by mediapipe 0.10.33",
    "licence": "CC BY 4.0 (the average); Apache-2.0 (the triangles)",
}


@click.command(help=__doc__)
@click.argument("london", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).parents[1] / "model" / MEAN)
def main(london: Path, out: Path) -> None:
    """Write the mean face's file."""
    meshes = read_all(sorted((london / "neutral").glob("*.jpg")))
    if len(meshes) < LEAST:
        raise click.ClickException(f"{len(meshes)} faces are too few: {LEAST} or more people are averaged.")
    triangles = filled(tessellation(), meshes[0][:, :2])
    points = mean(np.stack(meshes))
    low, high = points.min(0), points.max(0)
    points = 0.5 + (points - (low + high) / 2) * FILLS / (high - low)[:2].max()
    points[:, 2] -= 0.5
    facts = {"about": json.dumps({key: text.format(n=len(meshes)) for key, text in FACTS.items()})}  # one: in order
    out.write_bytes(save({"points": points.astype(np.float32), "triangles": triangles.astype(np.int32)}, facts))
    print(f"{out}: {len(meshes)} people, {len(triangles)} triangles")


def read_all(paths: list[Path]) -> list[np.ndarray]:
    """The points (468, 3) of the surest face of each picture, with the eyes level."""
    meshes, mesher = [], Mesher()
    with Detector() as detector:
        for path in paths:
            bgr = cv2.imread(str(path))
            if bgr is None:
                raise click.ClickException(f"{path} is no picture.")
            faces = detector(Frame(0, 0.0, bgr))[:1]
            presence, points = mesher.read(bgr, faces)
            if faces and presence[0] > 0.99:
                lean = np.radians(leaning(faces[0]))
                level = np.array([[np.cos(lean), -np.sin(lean), 0], [np.sin(lean), np.cos(lean), 0], [0, 0, 1]])
                meshes.append(points[0] @ level)
    return meshes


def mean(meshes: np.ndarray) -> np.ndarray:
    """The mean shape (468, 3) of meshes (N, 468, 3), alike on both sides, about 0 and of size 1."""
    start = normal(both_sides(normal(meshes).mean(0)))
    shape = start
    for _ in range(20):
        rotation, scale, shift = fit(meshes, shape)
        fitted = (meshes - shift[:, None]) @ rotation / scale[:, None, None]
        shape = normal(both_sides(fitted.mean(0)))
    rotation, _, _ = fit(start, shape)
    return normal(both_sides(shape @ rotation.T))  # it looks where the meshes look, as they were read


def normal(points: np.ndarray) -> np.ndarray:
    """Points about 0, at a root mean square distance of 1."""
    points = points - points.mean(-2, keepdims=True)
    points /= np.sqrt(np.square(points).sum(-1, keepdims=True).mean(-2, keepdims=True))
    return points


def both_sides(points: np.ndarray) -> np.ndarray:
    """The average of a shape and its mirror image, about x = 0."""
    mirrored = points * [-1, 1, 1]
    pairs = assign(np.linalg.norm(points[:, None] - mirrored, axis=2) ** 2)
    other = np.array([j for _, j in pairs])  # each point's partner on the other side
    if (other[other] != np.arange(len(points))).any():
        raise click.ClickException("The mesh cannot be halved: its points do not come in pairs.")
    both: np.ndarray = (points + mirrored[other]) / 2
    return both


def tessellation() -> np.ndarray:
    """MediaPipe's triangles (852, 3): its list of edges goes round one after the other."""
    from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarksConnections

    edges = np.array([(edge.start, edge.end) for edge in FaceLandmarksConnections.FACE_LANDMARKS_TESSELATION])
    rounds = edges.reshape(-1, 3, 2)
    if (rounds[:, :, 1] != np.roll(rounds[:, :, 0], -1, 1)).any():
        raise click.ClickException("This mediapipe lists its triangles in another way than 0.10.33 does.")
    return rounds[:, :, 0]


def filled(triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The triangles, and more that close the holes at eyes and mouth: strips from one corner to the other."""
    edges = {(int(t[i]), int(t[i - 2])) for t in triangles for i in range(3)}  # each directed, from a point to the next
    after = {b: a for a, b in edges if (b, a) not in edges}  # along the holes, the other way round than the triangles
    rings = []
    while after:
        ring = [start := next(iter(after))]
        while (point := after.pop(ring[-1])) != start:
            ring.append(point)
        rings.append(ring)
    rings.sort(key=len)
    return np.concatenate([triangles, *(strip(ring, points) for ring in rings[:-1])])  # the last is the face's outline


def strip(ring: list[int], points: np.ndarray) -> np.ndarray:
    """Triangles over a slit, whose outline is `ring`, with as many points above as below."""
    left, right = (
        ring.index(point) for point in (min(ring, key=lambda i: points[i, 0]), max(ring, key=lambda i: points[i, 0]))
    )
    ring = ring[left:] + ring[:left]
    across = (right - left) % len(ring)
    one, two = ring[: across + 1], [ring[0], *ring[: across - 1 : -1]]
    if len(one) != len(two):
        raise click.ClickException("A hole in the mesh has more points on one side than on the other.")
    out = []
    for i in range(across):
        out += [(one[i], one[i + 1], two[i])] if i else []
        out += [(two[i], one[i + 1], two[i + 1])] if i + 1 < across else []
    return np.array(out)


if __name__ == "__main__":
    main()
