"""Word problems: stories that take a number of calculations to follow.

A story starts with a number, and each step changes it, always to a whole number that makes sense where it stands. Facts
that the question does not need are put between; they are drawn last, so that the same story can be had without them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from evalkit.suite.draws import below, between, pick, picks, refuse_unknown, shuffled, whole_numbers
from evalkit.suite.stories_compared import COMPARED
from evalkit.suite.stories_daily import DAILY
from evalkit.suite.stories_goods import GOODS
from evalkit.suite.story import Aside, Setting, State, Step

SETTINGS: tuple[Setting, ...] = (*GOODS, *DAILY, *COMPARED)

MAX_STEPS = 8
MAX_DISTRACTORS = 5
_LEAST = 2
"""What every number in a story is at least: plurals are always right."""

_WOMEN = ("Amara", "Beatriz", "Clara", "Deepa", "Emma", "Fatima", "Hannah", "Ines", "Julia", "Keiko", "Leila", "Maria",
          "Nora", "Olga", "Priya", "Ruth", "Sofia", "Thandi", "Yasmin", "Zofia")  # fmt: skip
_MEN = ("Ahmed", "Ben", "Carlos", "David", "Emeka", "Finn", "George", "Hiro", "Ivan", "Jamal", "Karl", "Luca", "Milan",
        "Nikos", "Omar", "Pablo", "Ravi", "Stefan", "Tomasz", "Viktor")  # fmt: skip

_LINKS = ("", "", "then ", "after that, ", "later, ", "next, ")

_OWN_LINKS = ("at ", "because ", "for ", "in ", "on ", "since ")
"""How texts begin that need no link."""
_FIGURES = ("{n}", "{m}")

_ELSEWHERE: Mapping[str, tuple[Aside, ...]] = {
    "time": (("the radio was on for {n} minutes", 15, 90), ("a church bell rang for {n} minutes", 2, 9)),
    "distance": (("the nearest town was {n} kilometres away", 3, 45),),
    "years": (("the house across the road was {n} years old", 8, 140),),
    "people": (("the village had {n} inhabitants", 120, 900),),
    "money": (("a newspaper cost {n} cents", 80, 250),),
    "weight": (("a dog that was passing by weighed {n} kilograms", 6, 40),),
    "degrees": (("outside it was {n} degrees", 6, 29),),
    "phone": (("a phone was charged to {n} percent", 11, 97),),
    "page": (("a calendar on the wall showed the picture of {n} cats", 2, 7),),
}
"""Facts that fit everywhere, by their unit."""


@dataclass(kw_only=True, slots=True)
class _Story:
    """A story as it is being told."""

    setting: Setting
    words: dict[str, Any]
    """What names in texts stand for."""
    value: int
    state: str
    sentences: list[str]
    working: list[str]
    """The calculations, such as `72`, `- 30`, `+ 4 * 6`, to be made from left to right."""
    told: set[Step] = field(default_factory=set)
    """Steps that are not to be told again."""
    things: list[str] = field(default_factory=list)
    """In comparisons, what was spoken of, in order."""


def _continued(rng: random.Random, story: _Story, left: int) -> int:
    """Tell one step more; gives the calculations that it took, 0 when nothing fits."""
    state = story.setting.states[story.state]
    for step in shuffled(rng, state.steps):
        if step.cost > left or step in story.told:
            continue
        numbers = _numbers(rng, story, step)
        if numbers is not None:
            _tell(rng, story, step, *numbers)
            return step.cost
    return 0


def _numbers(rng: random.Random, story: _Story, step: Step) -> tuple[int, int] | None:
    """Numbers `n` and `m` with which a step makes sense; None when there are none."""
    value, low, high = story.value, step.low, step.high
    most = story.setting.states[step.to or story.state].most
    m = 1
    if step.does == "divide":
        fitting = [n for n in range(low, min(high, value // _LEAST) + 1) if value % n == 0 and value // n <= most]
        return (pick(rng, fitting), 1) if fitting else None
    if step.does in ("add each", "take each"):
        m = between(rng, *story.setting.each)
    if step.does in ("add", "add each"):
        high = min(high, (most - value) // m)
    elif step.does in ("take", "take each"):
        high = min(high, (value - _LEAST) // m)
    else:
        high = min(high, most // value)
    return (between(rng, low, high), m) if low <= high else None


def _tell(rng: random.Random, story: _Story, step: Step, n: int, m: int) -> None:
    product = f"{m} * {n}" if step.cost == 2 else str(n)
    amount = m * n if step.cost == 2 else n
    if step.does in ("add", "add each"):
        story.value, sign = story.value + amount, "+"
    elif step.does in ("take", "take each"):
        story.value, sign = story.value - amount, "-"
    elif step.does == "multiply":
        story.value, sign = story.value * n, "*"
    else:
        story.value, sign = story.value // n, "/"
    story.working.append(f"{sign} {product}")
    # In comparisons, ways to compare come again, but not twice in a row.
    story.told = {step} if story.setting.compared else story.told | {step}
    story.state = step.to or story.state
    words = story.words
    link = ""
    if story.setting.compared:
        words["last"], words["this"] = words["this"], story.things[len(story.working) - 1]
    else:
        link = _link(rng, story, step)
        words["She"] = words["name"] if rng.random() < 0.25 else words["she"]
    words["n"], words["m"] = n, m
    story.sentences.append(_sentence(link, step.text, words))


def _link(rng: random.Random, story: _Story, step: Step) -> str:
    """What joins a step to what was told before; never the same twice in a row, and no figure begins a sentence."""
    if step.text.startswith(_OWN_LINKS):
        return ""
    link = pick(rng, _LINKS)
    if link == story.words["link"] or len(story.sentences) == 1:
        link = ""
    if not link and step.text.startswith(_FIGURES):
        link = "then " if story.words["link"] != "then " else "after that, "
    story.words["link"] = link
    return link


def _sentence(link: str, text: str, words: Mapping[str, Any], end: str = ".") -> str:
    said = link + text.format_map(words)
    return said[0].upper() + said[1:] + end


def _opened(rng: random.Random, setting: Setting, steps: int) -> tuple[_Story, int]:
    """A story's first sentence, and how many calculations are left for others."""
    women = rng.random() < 0.5
    own, others = (_WOMEN, _MEN) if women else (_MEN, _WOMEN)
    words: dict[str, Any] = {
        **pick(rng, setting.nouns),
        "name": pick(rng, own),
        "friend": pick(rng, others),
        "she": "she" if women else "he",
        "her": "her" if women else "his",
        "him": "her" if women else "him",
        "link": "",
    }
    things = picks(rng, setting.compared, steps + 1)
    if things:
        words["this"] = things[0]
    product = bool(setting.products) and rng.random() < 0.4
    m = between(rng, *setting.each) if product else 1
    least, most = -(-setting.low // m), setting.high // m
    if product:
        least, most = max(least, setting.part[0]), min(most, setting.part[1])
    n = between(rng, least, most)
    words["n"], words["m"] = n, m
    text = _sentence("", pick(rng, setting.products if product else setting.openings), words)
    story = _Story(
        setting=setting,
        words=words,
        value=m * n,
        state=setting.state,
        sentences=[text],
        working=[f"{m} * {n}" if product else str(n)],
        things=things,
    )
    return story, steps - product


def _story(rng: random.Random, steps: int) -> _Story:
    """A story of exactly so many calculations."""
    while True:
        story, left = _opened(rng, pick(rng, SETTINGS), steps)
        while left:
            taken = _continued(rng, story, left)
            if not taken:
                break
            left -= taken
        else:
            return story


def _question(rng: random.Random, story: _Story) -> str:
    state: State = story.setting.states[story.state]
    return _sentence("", pick(rng, state.questions), story.words, end="")


def _asides(rng: random.Random, story: _Story, n: int) -> list[str]:
    """Facts that nothing depends on: half of them about the setting, in units that the story does not have."""
    own = picks(rng, story.setting.asides, (n + 1) // 2)
    elsewhere = [aside for unit, kind in _ELSEWHERE.items() if unit not in story.setting.units for aside in kind]
    said = []
    for text, low, high in [*own, *picks(rng, elsewhere, n - len(own))]:
        words = {**story.words, "n": between(rng, low, high)}
        if story.things:
            words["any"] = pick(rng, story.things[: len(story.working)])
        said.append(_sentence("", text, words))
    return said


@dataclass(frozen=True, kw_only=True, slots=True)
class WordProblems:
    """Word problems that take a number of calculations."""

    steps: tuple[int, ...]
    distractors: tuple[int, ...]
    axis: str = "steps"

    def levels(self) -> list[int]:
        """Numbers of calculations, from few to many."""
        return list(self.steps)

    def size(self, level: int) -> None:
        """Unknown: there are far more stories than anybody will ask."""
        return

    def draw(self, rng: random.Random, level: int) -> dict[str, Any]:
        """Fields `problem`, `answer`, `steps`, `distractors`, `names`, and `working`.

        `names` are those of people or of what is compared; `working` is the calculations in order.
        """
        story = _story(rng, level)
        question = _question(rng, story)
        sentences = story.sentences
        if story.things and rng.random() < 0.3:
            sentences = shuffled(rng, sentences)
        distractors = pick(rng, self.distractors)
        for aside in _asides(rng, story, distractors):
            sentences.insert(1 + below(rng, len(sentences)), aside)
        problem = " ".join([*sentences, question])
        return {
            "id": sha256(problem.encode()).hexdigest()[:12],
            "problem": problem,
            "answer": story.value,
            self.axis: level,
            "distractors": distractors,
            "names": story.things or [story.words["name"], story.words["friend"]],
            "working": story.working,
        }


def word_problems(arguments: Mapping[str, Any]) -> WordProblems:
    """Make the generator from a suite's arguments `steps` and `distractors`.

    Raises:
        GeneratorError: If an argument is unknown or out of range.
    """
    refuse_unknown(arguments, ["steps", "distractors"])
    return WordProblems(
        steps=whole_numbers(arguments, "steps", default=[1, 2, 3, 4], within=(1, MAX_STEPS)),
        distractors=whole_numbers(arguments, "distractors", default=[0, 1, 2, 3], within=(0, MAX_DISTRACTORS)),
    )
