"""emolive beside its peers: the same faces, network and layer through pytorch-grad-cam, torch-cam and captum, and the
same video through fer and the face-by-face loop of live Grad-CAM demos; all in turn, in one run.

    python benchmarks/peers.py [--rounds 60] [--faces 4] [--video FILE]

Makes environments for the peers in build/peers/ (once; it needs the network for that), measures, and writes RESULTS.md,
peers.png and growth.png beside this file; in RESULTS.md stand what `floor.py` and `growth.py` measure, too. Run it when
nothing else runs on the machine.
"""

import subprocess
from pathlib import Path

import click
from peers_environments import FER, FOLDER, MAPS, ROOT, made
from peers_report import markdown, plot
from peers_results import measured
from scene_video import write_scene

HERE = Path(__file__).resolve().parent

SPARE = 10
"""Frames that the scene's video has more than there are rounds."""


@click.command(help=__doc__)
@click.option("--rounds", type=click.IntRange(5), default=60, show_default=True, help="And frames of the video.")
@click.option("--faces", type=click.IntRange(1, 16), default=4, show_default=True, help="Portraits in the demo scene.")
@click.option("--layer", default="layer3", show_default=True, help="Layer of the maps.")
@click.option(
    "--video", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Instead of the demo scene's."
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=HERE, help="Folder of RESULTS.md and peers.png."
)
def main(rounds: int, faces: int, layer: str, video: Path | None, out: Path) -> None:
    """Make the environments, measure, write."""
    python, fer_python = made(MAPS), made(FER)
    film = video or FOLDER / f"scene-{faces}-{rounds}.mp4"
    if not film.exists():
        write_scene(film, faces, rounds + SPARE)
    name = "a video given by --video" if video else f"the demo scene, {faces} faces"
    figures = FOLDER / "measured.json"
    asked = ["--rounds", rounds, "--faces", faces, "--layer", layer, "--video", film.resolve(), "--film", name]
    command = [python, HERE / "peers_run.py", *asked, "--fer", fer_python, "--out", figures]
    done = subprocess.run([str(part) for part in command], cwd=ROOT, check=False)
    if done.returncode:
        raise click.ClickException(
            f"The measurement failed (status {done.returncode}); its own words stand above. Run it again, or remove "
            f"the folder {FOLDER} first to have the environments made anew."
        )
    run = measured(figures.read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    plot(run, out / "peers.png")
    floor = _said(python, "floor.py", "--compiled")
    _said(python, "growth.py", "--out", out.resolve())
    growth = (out / "growth.md").read_text(encoding="utf-8")
    (out / "growth.md").unlink()
    parts = markdown(run, "peers.png"), f"## The floor: engines\n\n{floor}", f"## As the work grows\n\n{growth}"
    text = "\n".join(part.rstrip() + "\n" for part in parts)
    (out / "RESULTS.md").write_text(text, encoding="utf-8")
    click.echo(text)


def _said(python: Path, script: str, *words: object) -> str:
    """What another benchmark prints, in the environment of the map libraries."""
    click.echo(f"{script} …", err=True)
    command = [str(part) for part in (python, HERE / script, *words)]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise click.ClickException(f"{script} failed (status {done.returncode}); its own words stand above.")
    return done.stdout


if __name__ == "__main__":
    main()
