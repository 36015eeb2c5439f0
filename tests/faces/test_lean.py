"""Faces that lean: by how much they are turned back, against geometry done with complex numbers."""

import cmath
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emolive.core.scene import Face
from emolive.faces.lean import STRAIGHT, lean, turn

ANGLES = st.floats(-179, 179)


def leaning(degrees: float, middle: complex = 200 + 150j, eyes: float = 40.0) -> Face:
    """A face whose line of eyes leans so, clockwise as seen."""
    along = cmath.rect(eyes / 2, math.radians(degrees))
    points = [middle - along, middle + along, *[middle + 1j * along] * 4]
    return Face((140, 90, 260, 210), 1.0, np.array([(p.real, p.imag) for p in points]))


@given(ANGLES)
def test_the_lean_is_that_of_the_eyes(degrees: float) -> None:
    assert math.isclose(lean(leaning(degrees)), degrees, abs_tol=1e-6)


@given(st.floats(-STRAIGHT + 1e-6, STRAIGHT - 1e-6))
def test_a_face_that_hardly_leans_is_left_alone(degrees: float) -> None:
    assert turn(leaning(degrees)) == 0


@given(ANGLES.filter(lambda degrees: abs(degrees) >= 2 * STRAIGHT))
def test_a_face_that_leans_is_turned_upright(degrees: float) -> None:
    assert math.isclose(turn(leaning(degrees)), degrees, abs_tol=1e-6)


@given(ANGLES, st.floats(0, 1))
def test_nothing_jumps_where_somebody_leans_over(degrees: float, more: float) -> None:
    """A little more lean is a little more turn, never less, and the same to either side."""
    before, after = turn(leaning(degrees)), turn(leaning(min(degrees + more, 179)))
    assert -1e-6 <= after - before <= 2 * more + 1e-6
    assert math.isclose(turn(leaning(-degrees)), -before, abs_tol=1e-6)


@given(ANGLES)
def test_what_is_left_is_never_more_than_is_left_alone(degrees: float) -> None:
    assert abs(degrees - turn(leaning(degrees))) <= STRAIGHT + 1e-6


def test_faces_whose_eyes_nobody_knows_stand_straight() -> None:
    for points in (np.zeros((6, 2)), np.full((6, 2), np.nan)):
        assert turn(Face((0, 0, 50, 50), 1.0, points)) == 0
