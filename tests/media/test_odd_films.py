"""Odd films, and things that are none: each is right, by ffprobe and the numbers in its pictures, or said so."""

import io
from pathlib import Path

import numpy as np
import odd
import pytest
from films import ffprobe, number_of, write_video
from PIL import Image

from emolive.core.errors import SourceError
from emolive.media.clips import VideoClip

H264 = "-c:v libx264 -preset ultrafast"

FRAMES = 20


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return odd.film(tmp_path_factory.mktemp("base") / "base.mp4", FRAMES)


def times(path: Path) -> list[float]:
    """When each picture is shown, by ffprobe, in ms from the first."""
    frames = ffprobe(path, "frame=best_effort_timestamp_time", "-select_streams", "V:0")["frames"]
    said = [float(frame.get("best_effort_timestamp_time", "nan")) * 1000 for frame in frames]
    return [t - said[0] for t in said]


KEPT: dict[str, tuple[str, str]] = {
    "H.264, 10 bits": ("a.mp4", f"{H264} -pix_fmt yuv420p10le"),
    "H.264, 4:4:4": ("a.mp4", f"{H264} -pix_fmt yuv444p"),
    "H.264, RGB": ("a.mp4", "-c:v libx264rgb -preset ultrafast"),
    "H.264, open groups of pictures": ("a.mkv", "-c:v libx264 -x264-params open-gop=1:keyint=8:bframes=3"),
    "H.264 without a container, without times": ("a.h264", f"{H264} -f h264"),
    "HEVC, 12 bits": ("a.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p12le"),
    "ProRes 4444 with transparency": ("a.mov", "-c:v prores_ks -pix_fmt yuva444p10le"),
    "AV1, in a stream of OBUs": ("a.obu", "-c:v libaom-av1 -cpu-used 8 -f obu"),
    "Motion JPEG without a container": ("a.mjpeg", "-c:v mjpeg -f mjpeg"),
    "uncompressed, Y4M": ("a.y4m", "-f yuv4mpegpipe"),
    "MPEG-4 with pictures that wait (AVI without times of its own)": ("a.avi", "-c:v mpeg4 -bf 2"),
    "16 bits a colour (FFV1)": ("a.mkv", "-c:v ffv1 -pix_fmt rgb48le"),
    "10 bits of grey (FFV1)": ("a.mkv", "-c:v ffv1 -pix_fmt gray10le"),
    "black and white (QuickTime RLE)": ("a.mov", "-c:v qtrle -pix_fmt monow"),
    "4:1:0 (Sorenson)": ("a.mov", "-c:v svq1"),
    "uncompressed 4:2:2, interleaved (AVI)": ("a.avi", "-c:v rawvideo -pix_fmt yuyv422"),
    "odd sides, 161×97": ("a.mkv", "-vf scale=161:97 -c:v ffv1 -pix_fmt yuv420p"),
    "TIFF pictures (MOV)": ("a.mov", "-c:v tiff"),
    "MP4 in fragments": ("a.mp4", "-c copy -movflags frag_keyframe+empty_moov"),
    "MKV as it is sent live, of unknown length": ("a.mkv", "-c copy -live 1"),
    "MKV with a font and a film attached": ("a.mkv", "-c copy -attach {base} -metadata:s:t mimetype=application/x"),
    "MKV whose clock begins at five seconds": ("a.mkv", "-c copy -output_ts_offset 5"),
    "WebM whose clock begins at five seconds": ("a.webm", "-c:v libvpx -output_ts_offset 5"),
    "WMV whose clock begins at five seconds": ("a.wmv", "-c:v wmv2 -output_ts_offset 5"),
    "TS with two programs": ("a.ts", "-c copy -map 0 -map 0 -program title=a:st=0 -program title=b:st=1"),
    "125 frames a second": ("a.mp4", f"-vf setpts=PTS/5 -r 125 {H264}"),
    "a frame every two seconds": ("a.mp4", f"-vf setpts=PTS*50 -r 0.5 {H264}"),
}
DEAR = ("HEVC", "AV1", "TIFF", "16 bits", "MPEG-4", "4:1:0", "black", "uncompressed", "WMV", "a frame every")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.ci) if name.startswith(DEAR) else name for name in KEPT]
)
def test_every_frame_at_its_time(tmp_path, base, name, tried):
    file, how = KEPT[name]
    path = tmp_path / file
    odd.ffmpeg("-i", base, *(Path(word) if word == str(base) else word for word in how.format(base=base).split()), path)
    clip = VideoClip(path)
    shots = list(clip.play())
    stream = ffprobe(path, "stream=width,height", "-select_streams", "V:0")["streams"][0]
    assert {bgr.shape for _, bgr in shots} == {(stream["height"], stream["width"], 3)}
    assert [number_of(bgr) for _, bgr in shots] == list(range(FRAMES))
    said = times(path)
    if np.isfinite(said).all():
        assert [t for t, _ in shots] == pytest.approx(said, abs=0.6)
    else:
        assert [t for t, _ in shots] == pytest.approx([40.0 * i for i in range(FRAMES)])
    assert clip.note == ""
    if clip.duration_ms:
        step = shots[-1][0] - shots[-2][0]
        assert clip.duration_ms == pytest.approx(shots[-1][0] + step, abs=1.1 * step)
    before = clip.last_before(shots[12][0])
    assert before is not None
    assert number_of(before[1]) == 11
    tried("odd", name, "every frame, at its time; steps and seeks")


def test_frames_that_come_when_they_come(tmp_path, base, tried):
    path = tmp_path / "a.mkv"
    odd.ffmpeg("-i", base, "-vf select='not(mod(n\\,3))+eq(n\\,1)' -fps_mode vfr", H264, path)
    shots = list(VideoClip(path).play())
    assert [number_of(bgr) for _, bgr in shots] == [0, 1, 3, 6, 9, 12, 15, 18]
    assert [t for t, _ in shots] == pytest.approx([40.0 * number_of(bgr) for _, bgr in shots])
    tried("odd", "frames at uneven times (VFR)", "every frame, at its time; steps and seeks")


def test_a_film_that_begins_in_the_middle(tmp_path, base, tried):
    """Cut out of a transmission, it begins with pictures that build on others."""
    odd.ffmpeg("-i", base, "-c:v libx264 -g 8 -bf 0", tmp_path / "whole.ts")
    data = (tmp_path / "whole.ts").read_bytes()
    packets = ffprobe(tmp_path / "whole.ts", "packet=pos,flags", "-select_streams", "v:0")["packets"]
    begin = int(packets[3]["pos"]) // 188 * 188
    tables = b"".join(data[at : at + 188] for at in range(0, 188 * 3, 188))  # what is in it, before the first picture
    (tmp_path / "cut.ts").write_bytes(tables + data[begin:])
    numbers = [number_of(bgr) for _, bgr in VideoClip(tmp_path / "cut.ts").play()]
    assert numbers[-12:] == list(range(8, 20))
    tried("odd", "TS that begins between two key frames", "whole from its first key frame on")


def test_what_is_cut_off_at_the_left(tmp_path, base, tried):
    path = tmp_path / "a.mp4"
    crop = "crop_left=16:crop_top=8:crop_right=32:crop_bottom=4"
    odd.ffmpeg("-i", base, f"-c copy -bsf:v h264_metadata={crop}", path)
    whole, part = (next(VideoClip(one).play())[1] for one in (base, path))
    assert np.array_equal(part, whole[8:-4, 16:-32])
    tried("odd", "H.264 of which a part is to be cut off on all sides", "cut off")


@pytest.mark.parametrize("codec", ["libvpx-vp9 -deadline realtime", "libvpx -auto-alt-ref 0"])
def test_transparency_of_webm(tmp_path, codec, tried):
    path = tmp_path / "a.webm"
    halves = "geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='if(lt(X,32),0,255)'"
    source = f"color=red:s=64x48:r=25:d=0.2,format=yuva420p,{halves}"
    odd.ffmpeg("-f lavfi -i", source, f"-pix_fmt yuva420p -c:v {codec}", path)
    for _, bgr in VideoClip(path).play():
        assert bgr[:, :24].min() > 250
        assert bgr[:, 40:].reshape(-1, 3).mean(0) == pytest.approx([0, 0, 254], abs=4)
    tried("odd", f"WebM with transparency, {'VP9' if 'vp9' in codec else 'VP8'}", "over white")


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (2, 300)])
def test_tiny_films(tmp_path, base, size, tried):
    path = tmp_path / "a.mkv"
    odd.ffmpeg("-i", base, f"-vf scale={size[0]}:{size[1]} -c:v ffv1 -pix_fmt bgr0", path)
    shots = list(VideoClip(path).play())
    assert [bgr.shape for _, bgr in shots] == [(size[1], size[0], 3)] * FRAMES
    tried("odd", f"{size[0]}×{size[1]} pixels", "every frame, in its shape")


@pytest.mark.parametrize("exif", range(1, 9))
def test_motion_jpeg_that_is_turned_by_exif(tmp_path, exif, tried):
    """Each picture says it, as those of phones and dash cameras do; PyAV has no name for that kind of side data."""
    matrices = ["as it is", "mirrored", "half a turn", "upside down and mirrored", "transposed", "quarter turn right"]
    matrix = odd.MATRICES[[*matrices, "transposed the other way", "quarter turn left"][exif - 1]]
    picture = Image.fromarray(odd.cornered())
    facts = picture.getexif()
    facts[0x0112] = exif
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", exif=facts, quality=95)
    (tmp_path / "a.mjpeg").write_bytes(jpeg.getvalue() * 3)
    shots = list(VideoClip(tmp_path / "a.mjpeg").play())
    expected = odd.moved(odd.cornered(), matrix)
    assert [bgr.shape for _, bgr in shots] == [expected.shape] * 3
    assert np.abs(shots[-1][1].astype(int) - expected).mean() < 3
    tried("orientation", "Motion JPEG, all eight EXIF orientations", "upright")


@pytest.mark.parametrize("matrix", ["quarter turn left", "transposed"])
def test_turned_squeezed_and_interlaced_at_once(tmp_path, matrix, tried):
    fields = "tinterlace=interleave_top,fieldorder=tff,setsar=2/1"
    circle = "geq=lum='if(lt(hypot(X-160\\,Y-120)\\,80)\\,235\\,16)':cb=128:cr=128,scale=160:240"
    odd.ffmpeg(
        f"-f lavfi -i testsrc2=s=320x240:r=50:d=0.4 -vf {circle},{fields} {H264} -x264opts tff=1", tmp_path / "a.mp4"
    )
    path = odd.with_matrix(tmp_path / "a.mp4", tmp_path / "b.mp4", odd.MATRICES[matrix])
    shots = list(VideoClip(path).play())
    assert len(shots) == int(ffprobe(path, "stream=nb_read_frames", "-count_frames")["streams"][0]["nb_read_frames"])
    for _, bgr in shots:
        assert bgr.shape == (320, 240, 3)  # 320×240 in truth, and turned
        ys, xs = np.nonzero(bgr[..., 1] > 128)
        assert np.ptp(xs) / np.ptp(ys) == pytest.approx(1, rel=0.04)
    tried(
        "odd", f"MP4, interlaced, pixels twice as wide as high, {matrix}", "whole pictures, upright, in true proportion"
    )


def test_a_film_in_mkv_is_turned(tmp_path, tried):
    path = write_video(tmp_path / "a.mkv", [0, 40, 80], odd.cornered, rotation=90)
    bgr = next(VideoClip(path).play())[1]
    assert np.abs(bgr.astype(int) - odd.moved(odd.cornered(), odd.MATRICES["quarter turn left"])).mean() < 3
    tried("orientation", "MKV, a quarter turn (its projection's roll)", "upright")


def test_two_views_are_told(tmp_path, base, tried):
    path = tmp_path / "a.mkv"
    odd.ffmpeg("-i", base, "-c copy -metadata:s:v stereo_mode=left_right", path)
    clip = VideoClip(path)
    assert len(list(clip.play())) == FRAMES
    assert "two views" in clip.note
    tried("odd", "MKV, 3D, both views side by side", "shown as stored; a note says so")


def tags(path: Path, base: Path) -> None:
    path.with_suffix(".srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    odd.ffmpeg("-i", path.with_suffix(".srt"), "-c copy", path)


def covered(path: Path, base: Path) -> None:
    odd.ffmpeg("-i", base, "-frames:v 1", path.with_suffix(".jpg"))
    how = "-map 0 -map 1 -c:v copy -disposition:v attached_pic"
    odd.ffmpeg("-f lavfi -i sine=d=1", "-i", path.with_suffix(".jpg"), how, path)


def locked(path: Path, base: Path) -> None:
    key, name = "76a6c65c5ea762046bd749a2e632ccbb", "a7e61c373e219033c21091fa607bf3b8"
    words = f"-c copy -encryption_scheme cenc-aes-ctr -encryption_key {key} -encryption_kid {name}"
    odd.ffmpeg("-i", base, words, path)


def without_index(path: Path, base: Path) -> None:
    data = base.read_bytes()
    path.write_bytes(data[: data.find(b"moov") - 4])


def of_no_known_codec(path: Path, base: Path) -> None:
    odd.ffmpeg("-i", base, "-c:v mjpeg", path)
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"Qq9z"))


NONE = {
    "MKV, subtitles only": ("a.mkv", tags, "no pictures in it"),
    "M4A, sound with a cover": ("a.m4a", covered, "sound but no picture"),
    "FLAC, sound with a cover": ("a.flac", covered, "sound but no picture"),
    "MP4, encrypted (CENC)": ("a.mp4", locked, "is encrypted"),
    "MP4, cut before its index": ("a.mp4", without_index, "not a video or picture that can be read"),
    "AVI of an unknown codec": ("a.avi", of_no_known_codec, "nothing here can decode"),
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_film_is_said(tmp_path, base, name, tried):
    file, make, says = NONE[name]
    make(tmp_path / file, base)
    with pytest.raises(SourceError, match=says):
        VideoClip(tmp_path / file)
    tried("odd", name, f"refused: “{says}”")
