"""The smallest model of the family is trained for some steps, stopped, gone on with, and shipped."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from evalkit.trial import Call, Message, Response
from tests.local_models import asked, opened
from training.mixture import Example

if find_spec("torch") is not None:
    import torch
    from safetensors.torch import load_file

    from training import checkpoint, train
    from training.characters import encode
    from training.export import write_weights
    from training.measure import levels, measured
    from training.measured import mean_loss
    from training.train import Training

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("torch") is None, reason="needs torch: make extras"),
    pytest.mark.filterwarnings("default"),
]
STEPS = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model after its few steps, with checkpoints at some of them."""
    folder = tmp_path_factory.mktemp("runs") / "5k-seed0"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "KEPT_AT", (5, STEPS))
        losses = [loss for _, loss in Training("5k", 0, folder, STEPS).run(STEPS)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    return folder


def test_the_held_out_loss_falls(folder: Path) -> None:
    early, late = checkpoint.every(folder.parent)
    some = list(levels(items_a_level=20))
    assert (5, STEPS) == (early.step, late.step)
    assert mean_loss(list(measured(late, some))) < 0.9 * mean_loss(list(measured(early, some)))


def test_a_training_that_was_stopped_ends_as_one_that_was_not(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "5k-seed0"
    for until in (15, STEPS):
        list(Training("5k", 0, again, STEPS).run(until))
    kept = [torch.load(train.weights_at(path, STEPS)) for path in (folder, again)]
    assert kept[0]["n_tokens"] == kept[1]["n_tokens"]
    assert all(torch.equal(value, kept[1]["model"][name]) for name, value in kept[0]["model"].items())


def test_what_is_shipped_scores_answers_as_the_training_does(folder: Path, tmp_path: Path) -> None:
    point = checkpoint.read(train.weights_at(folder, STEPS))
    write_weights(point, tmp_path / "5k.safetensors")
    examples = [example for level in levels(items_a_level=2) for example in level.examples]
    for example, response in zip(examples, _asked(tmp_path, examples), strict=True):
        tokens = torch.tensor([encode(example.text)])
        scored = torch.arange(tokens.shape[1])[None] >= tokens.shape[1] - example.n_scored
        with torch.inference_mode():
            loss = float(point.model.losses(tokens, scored).sum())
        assert response.target_tokens == example.n_scored
        assert response.target_logprob == pytest.approx(-loss, rel=1e-4)


def test_a_file_that_is_shipped_is_the_same_each_time_and_one_that_the_library_reads(
    folder: Path, tmp_path: Path
) -> None:
    point = checkpoint.read(train.weights_at(folder, STEPS))
    for name in ("a.safetensors", "b.safetensors"):
        write_weights(point, tmp_path / name)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    read = load_file(tmp_path / "a.safetensors")
    assert torch.equal(point.model.embed.weight.half(), read["embed"])
    assert torch.equal(point.model.blocks[1].down.weight.half().T, read["layers.1.down"])


def _asked(folder: Path, examples: list[Example]) -> list[Response]:
    return asked(
        opened("tiny/5k.safetensors", folder),
        [
            Call(
                task="t",
                item="1",
                condition="clean",
                repeat=0,
                messages=(Message(role="user", content=example.prompt),),
                target=example.answer,
            )
            for example in examples
        ],
    )
