"""What a worker says of its progress, by which its driver tells one that hangs from one that begins."""

import pytest

from emolive.core.errors import SourceError
from emolive.core.options import Options
from emolive.corpus import work
from emolive.corpus.job import Job, Join, Split, Whole
from emolive.corpus.layout import making
from emolive.corpus.leases import Lease, Leases
from emolive.corpus.progress import BEGINNING, step, text_of

LIMIT_S = 60.0


@pytest.mark.parametrize("kind", ["whole", "join"])
def test_loading_the_network_has_the_time_of_a_beginning(film, tmp_path, monkeypatch, kind):
    """Also after the video was read for its hash, which has said that all goes on: a busy machine loads for minutes."""
    job = Job(film, tmp_path / "out" / "clip", Options(), "settings", segment_s=300.0, limit_s=LIMIT_S)
    seen = []
    with Leases(tmp_path / "out", 60.0) as leases:
        lease = leases.take(making(job.out))
        assert isinstance(lease, Lease)

        def opened(*_, **__):
            seen.append(step(text_of(lease)))
            raise SourceError("That will do.")

        monkeypatch.setattr(work, "_opened", opened)
        with pytest.raises(SourceError, match="do"):
            work.work(Whole(job, lease) if kind == "whole" else Join(job, Split("", ()), lease))
    assert [one.patience_s for one in seen] == [LIMIT_S * BEGINNING]
