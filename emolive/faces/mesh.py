"""The face mesh: whether a face is one, where 468 points of it are, and how the head is turned.

Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019, arXiv:1907.06724: the
network of MediaPipe, run by OpenCV. It looks at a square around the detector's box, turned so that the eyes are level.
"""

from collections.abc import Sequence
from threading import Lock

import cv2
import numpy as np

from emolive.core.errors import EmoliveError
from emolive.core.installed import weights
from emolive.core.mesh import Mesh
from emolive.core.scene import Face, Frame
from emolive.faces.crop import crop_face, placed, square
from emolive.faces.lean import lean
from emolive.faces.mean_mesh import turned

MODEL = "face_landmark.tflite"
SIZE = 192  # pixels a side that the network sees
POINTS = 468
MARGIN = 1.5  # the square it was trained to see, in sides of the detector's box
AT_ONCE = 16  # faces in a batch at most: more take no less time each, and memory grows with them
OUTPUTS = ("conv2d_21", "conv2d_31")  # points in pixels of the square; presence before its sigmoid


class Mesher:
    """Reads the mesh of faces: called with a frame and faces in it, gives a `Mesh` for each, in the same order.

    Of a face its box and its first two points (the eyes) are used. The network is loaded with the first face and kept;
    any thread may call, one at a time looks. Raises `EmoliveError` where the network cannot be loaded or fails.
    """

    def __init__(self) -> None:
        self._net: cv2.dnn.Net | None = None
        self._lock = Lock()  # a network of OpenCV holds its own input and output

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> tuple[Mesh, ...]:
        """Give the meshes of the faces."""
        presence, points = self.read(frame.bgr, faces)
        angles = turned(points)
        return tuple(
            Mesh(float(there), where, *(float(angle) for angle in head))
            for there, where, head in zip(presence, points, angles, strict=True)
        )

    def read(self, bgr: np.ndarray, faces: Sequence[Face]) -> tuple[np.ndarray, np.ndarray]:
        """Give presence (N,) and points (N, 468, 3) of faces in a picture (H, W, 3) uint8 BGR, without their angles."""
        if not faces:
            return np.zeros(0), np.zeros((0, POINTS, 3))
        squares, turns = [square(face.box, MARGIN) for face in faces], [lean(face) for face in faces]
        crops = [crop_face(bgr, s, SIZE, turn=turn) for s, turn in zip(squares, turns, strict=True)]
        parts = [self._forward(np.stack(crops[i : i + AT_ONCE])) for i in range(0, len(crops), AT_ONCE)]
        points, logits = (np.concatenate(part).astype(np.float64) for part in zip(*parts, strict=True))
        points = points.reshape(-1, POINTS, 3) / SIZE
        places = np.stack([placed(s, turn) for s, turn in zip(squares, turns, strict=True)])
        scales = np.array([s[2] - s[0] for s in squares])
        points[..., :2] = points[..., :2] @ places[:, :, :2].transpose(0, 2, 1) + places[:, None, :, 2]
        points[..., 2] *= scales[:, None]
        return 1 / (1 + np.exp(-logits.reshape(-1))), points

    def _forward(self, crops: np.ndarray) -> Sequence[np.ndarray]:
        """The network's outputs for (N, 192, 192, 3) uint8 RGB."""
        blob = crops.transpose(0, 3, 1, 2).astype(np.float32) / 255
        try:
            with self._lock:
                if self._net is None:
                    self._net = load_network()
                self._net.setInput(blob)
                return self._net.forward(OUTPUTS)
        except cv2.error as error:
            raise EmoliveError(f"The face mesh cannot be read ({error}). Install emolive again.") from error


def load_network() -> cv2.dnn.Net:
    """Load the shipped network. Raises `EmoliveError` where its file is missing or broken."""
    try:
        content = weights(MODEL).read_bytes()
        return cv2.dnn.readNetFromTFLite(np.frombuffer(content, np.uint8))
    except (OSError, cv2.error) as error:
        raise EmoliveError(f"The face mesh cannot be loaded ({error}). Install emolive again.") from error
