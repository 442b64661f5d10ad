"""Perturbations of every shipped suite do what their level says, and keep the target."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from rapidfuzz.distance import OSA

from evalkit.perturb import Source, count_tokens, perturb
from evalkit.perturb.context import FOOTER, HEADER
from evalkit.perturb.edits import Slips
from evalkit.perturb.filler import giveaways
from evalkit.perturb.noise import typed_text
from evalkit.perturb.spans import fold, identifiers, number_words, occurrences, protected_values
from evalkit.perturb.voice import VOICES
from evalkit.suite import Task
from evalkit.trial import Condition, Item, rng_for
from tests.shipped import ShippedTask, shipped_tasks

SEED = 11
N_ITEMS = 60


def tasks(perturbation: str) -> list[ShippedTask]:
    return [task for task in shipped_tasks() if perturbation in task.perturbations]


def levels(task: Task, perturbation: str) -> list[str | int | float]:
    found = (each.condition for each in task.conditions)
    return [each.level for each in found if each.perturbation == perturbation and each.level is not None]


def some_items(task: Task) -> Iterator[Item]:
    """Items as a run draws them, the same every time."""
    rng = rng_for(SEED, task.name)
    if isinstance(task.supply, tuple):
        listed = list(task.supply)
        for _ in range(min(N_ITEMS, len(listed))):
            yield listed.pop(int(rng.random() * len(listed)))
        return
    choices = task.axis.levels if task.axis is not None else task.supply.levels()
    for number in range(N_ITEMS):
        fields = task.supply.draw(rng, choices[number % len(choices)])  # type: ignore[arg-type]
        yield Item(id=str(fields["id"]), fields=fields)


def source(task: Task, item: Item, perturbation: str = "") -> Source:
    return Source(
        seed=SEED,
        item=item,
        prompt=task.prompt,
        paraphrases=task.paraphrases,
        protect=task.protect,
        opposites=task.opposites(item) if perturbation == "conflict" else {},
        targets=task.targets,
        noise_on=task.noise_on,
        place=task.place,
        material=task.material,
    )


def text_of(given: Source, condition: Condition) -> str:
    return "\n".join(message.content for message in perturb(given, condition).messages)


CLEAN = Condition(perturbation="clean")


@pytest.mark.slow
@pytest.mark.parametrize("named", tasks("noise"), ids=str)
def test_the_share_of_eligible_characters_touched_is_the_level(named: ShippedTask) -> None:
    """Within half a point at 5 %, over a suite's items."""
    task = named.read()
    for level in (0.02, 0.05):
        touched = eligible = 0
        for item in some_items(task):
            given = source(task, item)
            values = protected_values(given.protect, item.fields)
            pieces = [typed_text(given, index, values) for index in range(len(given.prompt))]
            eligible += sum(Slips(text, open_, random.Random(0)).n_eligible for text, open_ in pieces)
            noisy = perturb(given, Condition(perturbation="noise", level=level)).messages
            touched += sum(
                OSA.distance(text, message.content) for (text, _), message in zip(pieces, noisy, strict=True)
            )
        assert touched / eligible == pytest.approx(level, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("named", tasks("noise"), ids=str)
def test_noise_leaves_numbers_identifiers_and_protected_values(named: ShippedTask) -> None:
    task = named.read()
    for item in some_items(task):
        given = source(task, item)
        clean, noisy = text_of(given, CLEAN), text_of(given, Condition(perturbation="noise", level=0.2))
        assert [clean[a:b] for a, b in identifiers(clean)] == [noisy[a:b] for a, b in identifiers(noisy)]
        assert len(number_words(clean)) <= len(number_words(noisy))
        for value in protected_values(given.protect, item.fields):
            assert list(occurrences(fold(clean), value, whole_word=True)) == [] or value in fold(noisy)


@pytest.mark.parametrize("named", tasks("context"), ids=str)
def test_context_has_its_length_repeats_nothing_and_gives_nothing_away(named: ShippedTask) -> None:
    task = named.read()
    for level in levels(task, "context"):
        assert isinstance(level, int)
        for item in list(some_items(task))[: 40 if level < 10_000 else 10]:
            given = source(task, item)
            clean, long = text_of(given, CLEAN), text_of(given, Condition(perturbation="context", level=level))
            assert 0.98 * level <= count_tokens(long) - count_tokens(clean) <= 1.02 * level
            filler = long.partition(f"{HEADER}\n\n")[2].partition(FOOTER)[0].strip()
            passages = filler.split("\n\n")
            assert len(passages) == len(set(passages))
            folded = fold(filler)
            mentioned = [term for term in giveaways(given) if any(occurrences(folded, term, whole_word=True))]
            assert [] == mentioned


@pytest.mark.parametrize("named", tasks("conflict"), ids=str)
def test_a_conflict_adds_one_sentence_and_keeps_the_rest(named: ShippedTask) -> None:
    task = named.read()
    variants = set()
    for item in some_items(task):
        given = source(task, item, "conflict")
        clean = text_of(given, CLEAN)
        for level in VOICES:
            prompt = perturb(given, Condition(perturbation="conflict", level=level))
            variants.add(prompt.variant)
            changed = "\n".join(message.content for message in prompt.messages)
            added = len(changed.split()) - len(clean.split())
            assert 3 <= added <= 60
            kept = iter(changed.split())
            assert all(word in kept for word in clean.split()), "the text is still there, in its order"
    assert variants <= {f"conflict {spec.name}" for spec in task.constraints}
    assert variants


@pytest.mark.parametrize("named", tasks("paraphrase"), ids=str)
def test_every_wording_holds_what_the_item_says(named: ShippedTask) -> None:
    task = named.read()
    used = set()
    for item in some_items(task):
        given = source(task, item)
        prompt = perturb(given, Condition(perturbation="paraphrase"))
        used.add(prompt.variant)
        text = "\n".join(message.content for message in prompt.messages)
        clean = text_of(given, CLEAN)
        shown = [str(value) for value in item.fields.values() if isinstance(value, str | int) and str(value) in clean]
        assert [] == [value for value in shown if value not in text and len(value) > 40]
    assert len(task.paraphrases) == len(used)
