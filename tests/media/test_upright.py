"""The shape of pictures: eight orientations, pixels that are not square, interlaced films, HDR."""

import subprocess
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import odd
import pytest
from films import feed, ffprobe, frames_of, write_video
from thinned import thinned

from emolive.media.clips import VideoClip
from emolive.media.record import Recorder
from emolive.media.sources import open_files
from emolive.media.upright import true_size


def first(path: Path) -> np.ndarray:
    return next(VideoClip(path).play())[1]


def near(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and float(np.abs(a.astype(int) - b).mean()) < 3


@pytest.mark.parametrize("name", odd.MATRICES)
def test_all_eight_orientations_of_a_film(tmp_path, name, tried):
    matrix = odd.MATRICES[name]
    film = write_video(tmp_path / "film.mp4", [0, 40, 80], odd.cornered)
    turned = odd.with_matrix(film, tmp_path / "turned.mp4", matrix)
    bgr = first(turned)
    assert near(bgr, odd.moved(odd.cornered(), matrix))
    assert bgr.flags.c_contiguous
    odd.ffmpeg("-i", turned, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "bgr24", tmp_path / "by_ffmpeg")
    assert near(bgr, np.fromfile(tmp_path / "by_ffmpeg", np.uint8).reshape(bgr.shape))
    tried("orientation", f"MP4, display matrix: {name}", "stands as FFmpeg's own player shows it")


def test_what_moves_in_a_turned_film_is_where_it_was(tmp_path):
    """Steps and seeks too: they decode a frame of their own."""
    film = write_video(tmp_path / "film.mp4", [40.0 * i for i in range(30)], odd.cornered)
    clip = VideoClip(odd.with_matrix(film, tmp_path / "turned.mp4", odd.MATRICES["transposed"]))
    expected = odd.moved(odd.cornered(), odd.MATRICES["transposed"])
    assert near(next(clip.play(600.0))[1], expected)
    assert near(clip.last_before(600.0)[1], expected)


def test_orientation_in_the_stream_itself(tmp_path, tried):
    """H.264 can carry it as a message of its own, which TS keeps."""
    film = write_video(tmp_path / "film.mp4", [40.0 * i for i in range(25)], odd.cornered)
    message = "h264_metadata=display_orientation=insert:flip=horizontal"
    odd.ffmpeg("-i", film, "-c", "copy", "-bsf:v", message, tmp_path / "a.ts")
    assert near(first(tmp_path / "a.ts"), odd.moved(odd.cornered(), odd.MATRICES["mirrored"]))
    tried("orientation", "TS, H.264 display orientation message", "mirrored as it says")


SHAPES = {
    "DV PAL 4:3": ("dv", "720x576", "16/15"),
    "DV NTSC 16:9": ("dv", "720x480", "32/27"),
    "MPEG-2 PAL 16:9": ("mpg", "720x576", "64/45"),
    "MPEG-2 NTSC 4:3, VOB": ("vob", "720x480", "8/9"),
    "H.264 anamorphic, MP4": ("mp4", "320x360", "2/1"),
    "H.264 anamorphic, TS": ("ts", "320x360", "2/1"),
    "VP9 anamorphic, WebM": ("webm", "320x360", "2/1"),
    "H.264 narrow, MKV": ("mkv", "640x180", "1/2"),
}
CODECS = {
    "dv": "-c:v dvvideo -pix_fmt yuv{}p -f dv",
    "mpg": "-c:v mpeg2video -b:v 4M",
    "vob": "-c:v mpeg2video -b:v 4M -f vob",
    "webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8",
}


def squeezed(folder: Path, kind: str, size: str, aspect: str) -> Path:
    """A circle on a numbered film, stored with pixels that are not square."""
    ntsc = size.endswith("480")
    codec = CODECS.get(kind, "-c:v libx264 -preset ultrafast").format("411" if ntsc else "420")
    out = folder / f"film.{kind}"
    odd.ffmpeg(
        "-f lavfi -i", f"testsrc2=s=640x360:r={'30000/1001' if ntsc else 25}:d=0.4",
        "-vf", f"geq=lum='if(lt(hypot(X-320,Y-180),120),235,16)':cb=128:cr=128,scale={size.replace('x', ':')},"
        f"setsar={aspect}",
        *codec.split(), out,
    )  # fmt: skip
    return out


@pytest.mark.parametrize("name", thinned(SHAPES, 2))
def test_pixels_that_are_not_square(tmp_path, name, tried):
    path = squeezed(tmp_path, *SHAPES[name])
    bgr = first(path)
    height, width = bgr.shape[:2]
    stream = ffprobe(path, "stream=width,height,sample_aspect_ratio", "-select_streams", "v:0")["streams"][0]
    num, den = map(int, stream["sample_aspect_ratio"].split(":"))
    assert width / height == pytest.approx(stream["width"] / stream["height"] * num / den, rel=0.006)
    assert (width % 2, height % 2) == (0, 0)
    assert width >= stream["width"]
    assert height >= stream["height"]
    ys, xs = np.nonzero(bgr[..., 1] > 128)
    seen = width / 640 / (height / 360)  # what the picture's own shape makes of the circle
    assert np.ptp(xs) / np.ptp(ys) == pytest.approx(seen, rel=0.03)
    tried("pixels", f"{name}, {stream['sample_aspect_ratio']}", f"{width}×{height}, true proportion")


def test_a_recording_keeps_the_proportion(tmp_path):
    path = squeezed(tmp_path, *SHAPES["MPEG-2 PAL 16:9"])
    with open_files([path], realtime=False) as source, Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        feed(recorder, frames_of(source), source.progress())
    stream = ffprobe(tmp_path / "out.mp4", "stream=width,height,sample_aspect_ratio")["streams"][0]
    assert (stream["width"], stream["height"]) == (1024, 576)
    assert stream.get("sample_aspect_ratio", "1:1") in ("1:1", "N/A")


@pytest.mark.parametrize(
    ("size", "aspect", "expected"),
    [
        ((720, 576), "64/45", (1024, 576)),
        ((720, 480), "8/9", (720, 540)),
        ((641, 361), "1", (641, 361)),
        ((641, 361), "1001/1000", (641, 361)),
        ((641, 361), "2", (1282, 362)),
        ((640, 360), "0", (640, 360)),
        ((640, 360), "1/1000", (640, 360)),
    ],
)
def test_true_size(size, aspect, expected):
    assert true_size(*size, Fraction(aspect)) == expected


def test_a_mad_shape_is_told(tmp_path):
    path = squeezed(tmp_path, "mkv", "640x360", "50/1")
    clip = VideoClip(path)
    assert [bgr.shape for _, bgr in clip.play()] == [(360, 640, 3)] * 10
    assert "50 times as wide" in clip.note


def combed(bgr: np.ndarray) -> float:
    """How much neighbouring rows differ more than rows of the same half picture."""
    gray = bgr[..., 1].astype(float)
    return float(np.abs(gray[2:-2] - gray[3:-1]).mean() - np.abs(gray[2:-2] - gray[4:]).mean())


INTERLACED = {
    "MPEG-2, top field first": ("mpg", "-c:v mpeg2video -b:v 6M -flags +ildct+ilme -top 1", "tff"),
    "H.264, bottom field first, MKV": ("mkv", "-c:v libx264 -preset ultrafast -x264opts bff=1", "bff"),
}


@pytest.mark.parametrize("name", INTERLACED)
def test_interlaced_films_are_whole_pictures(tmp_path, name, tried):
    suffix, codec, order = INTERLACED[name]
    path = tmp_path / f"film.{suffix}"
    fields = f"tinterlace=interleave_{'top' if order == 'tff' else 'bottom'},fieldorder={order}"
    odd.ffmpeg("-f lavfi -i testsrc2=s=320x240:r=50:d=1.2 -vf", fields, *codec.split(), path)
    shown = ffprobe(path, "frame=interlaced_frame,pts_time", "-select_streams", "v:0")["frames"]
    assert all(frame["interlaced_frame"] == 1 for frame in shown)
    clip = VideoClip(path)
    shots = list(clip.play())
    times = [float(frame["pts_time"]) for frame in shown]
    assert [t for t, _ in shots] == pytest.approx([(t - times[0]) * 1000 for t in times], abs=0.6)
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "bgr24", "-"], capture_output=True
    ).stdout
    as_stored = np.frombuffer(raw, np.uint8).reshape(-1, 240, 320, 3)
    assert np.mean([combed(bgr) for _, bgr in shots]) < 0.5 * np.mean([combed(bgr) for bgr in as_stored])
    assert np.array_equal(clip.last_before(shots[12][0])[1].shape, shots[11][1].shape)
    tried("interlaced", name, "whole pictures, each at its own time")


HDR = {
    "PQ (HDR10), HEVC in MP4": ("smpte2084", "mp4"),
    "HLG, HEVC in MKV": ("arib-std-b67", "mkv"),
}


@pytest.mark.parametrize("name", HDR)
def test_hdr_looks_like_sdr(tmp_path, name, portrait, tried):
    """The portrait, coded for an HDR display with its white at 203 nits by FFmpeg's zscale, looks as it did before."""
    transfer, suffix = HDR[name]
    if "zscale" not in subprocess.run(["ffmpeg", "-filters"], capture_output=True, text=True).stdout:
        pytest.skip("this ffmpeg has no zscale to make HDR with")
    plain = portrait[:600, :512]
    cv2.imwrite(str(tmp_path / "a.png"), plain)
    sdr = "-colorspace bt709 -color_primaries bt709 -color_trc bt709"
    rounded = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    still = ["-loop", "1", "-i", tmp_path / "a.png", "-frames:v", "3"]
    odd.ffmpeg(*still, "-vf", rounded, "-c:v", "libx264", "-crf", "4", sdr, tmp_path / "sdr.mp4")
    chain = "zscale=tin=bt709:min=bt709:pin=bt709:rin=tv:t=linear:npl=203,format=gbrpf32le,"
    chain += f"zscale=p=bt2020:t={transfer}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le"
    codec = "-c:v libx265 -preset ultrafast -crf 4 -x265-params log-level=none -colorspace bt2020nc"
    marks = ["-color_primaries", "bt2020", "-color_trc", transfer]
    path = tmp_path / f"hdr.{suffix}"
    odd.ffmpeg("-i", tmp_path / "sdr.mp4", "-vf", chain, *codec.split(), *marks, path)
    bgr = first(path)
    ratio = bgr.astype(float).mean() / plain.mean()
    assert bgr.shape == plain.shape
    assert 0.8 < ratio < 1.1
    assert np.corrcoef(bgr.ravel(), plain.ravel())[0, 1] > 0.97
    skin, was = bgr[200:330, 200:330].reshape(-1, 3).mean(0), plain[200:330, 200:330].reshape(-1, 3).mean(0)
    assert np.abs(skin / skin.sum() - was / was.sum()).max() < 0.03  # its hue
    tried("HDR", name, "tone-mapped: brightness and skin as before")


CHANGES = {
    "H.264 in TS, 320×240 to 160×120": ("ts", "libx264", "320x240", "1", "160x120", "1", (240, 320, 3), (120, 160, 3)),
    "MPEG-2, 4:3 to 16:9 in the same size": (
        "mpg", "mpeg2video", "720x576", "16/15", "720x576", "64/45", (576, 768, 3), (576, 1024, 3),
    ),
    "H.264 in TS, 4:3 to square pixels": (
        "ts", "libx264", "720x576", "16/15", "640x360", "1", (576, 768, 3), (360, 640, 3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_stream_that_changes_its_shape(tmp_path, name, tried):
    suffix, codec, *forms, one, other = CHANGES[name]
    halves = []
    for i, (size, aspect) in enumerate((forms[:2], forms[2:])):
        path = tmp_path / f"{i}.{suffix}"
        odd.ffmpeg(
            f"-f lavfi -i testsrc2=r=25:d=0.48:s={size} -vf setsar={aspect} -g 4 -b:v 2M -c:v {codec}",
            f"-output_ts_offset {i * 0.48}", path,
        )  # fmt: skip
        halves.append(path)
    path = odd.joined(halves, tmp_path / f"joined.{suffix}")
    with open_files([path], realtime=False) as source, Recorder(tmp_path / "out.mp4", lossless_queue=True) as recorder:
        frames = frames_of(source)
        feed(recorder, frames, source.progress())
        assert any("between bars" in note for note in recorder.notes())
    shapes = [frame.bgr.shape for frame in frames]
    assert set(shapes) == {one, other}
    assert shapes == sorted(shapes, key=[one, other].index)
    assert len(shapes) >= 23
    stream = ffprobe(tmp_path / "out.mp4", "stream=width,height,nb_read_frames", "-count_frames")["streams"][0]
    assert (stream["height"], stream["width"], 3) == one
    assert int(stream["nb_read_frames"]) == len(frames)
    tried("changes", name, "shown in its own shape; a recording goes on, between bars, with a note")
