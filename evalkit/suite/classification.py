"""Records to be put into a class by rules that stand in the prompt, the first that applies deciding."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from evalkit.suite.draws import between, pick, picks, refuse_unknown, shuffled, whole_numbers

Value: TypeAlias = int | str

MAX_RULES = 12
_TRIES = 60
"""Rules that are tried before all are drawn anew."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something counted or measured."""

    name: str
    sentence: str
    """How a record says it, with `{}` for the value."""
    unit: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that is one of several."""

    name: str
    sentence: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """What is to be classified."""

    thing: str
    attributes: tuple[Measure | Feature, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a rule asks of one attribute."""

    attribute: Measure | Feature
    least: int = 0
    """Of a measure, the least value that fits; 0 when there is none."""
    most: int = 0
    """Of a measure, the greatest value that fits, where `least` is 0."""
    among: tuple[str, ...] = ()
    """Of a feature, the values that fit."""

    def holds(self, record: Mapping[str, Value]) -> bool:
        """Whether a record fits."""
        return self.fits(record[self.attribute.name])

    def fits(self, value: Value) -> bool:
        """Whether a value of the attribute fits."""
        if isinstance(value, str):
            return value in self.among
        return value >= self.least if self.least else value <= self.most

    def text(self) -> str:
        """As a rule says it."""
        if isinstance(self.attribute, Feature):
            return f"the {self.attribute.name} is {' or '.join(self.among)}"
        unit = f" {self.attribute.unit}" if self.attribute.unit else ""
        if self.least:
            return f"the {self.attribute.name} is {self.least}{unit} or more"
        return f"the {self.attribute.name} is below {self.most + 1}{unit}"


Rule: TypeAlias = tuple[tuple[Condition, ...], str]
"""Conditions that must all hold, and the class."""

DOMAINS = (
    Domain("parcel", (
        Measure("weight", "It weighs {} kg.", "kg", 1, 40),
        Measure("value", "Its contents are worth {} euros.", "euros", 5, 900),
        Feature("destination", "It is going to {}.", ("Brazil", "Denmark", "Italy", "Kenya", "Vietnam")),
        Feature("packaging", "The packaging is {}.", ("a box", "a crate", "a padded bag", "a tube")),
        Feature("sender", "The sender is {}.", ("a company", "a private person", "a public body"))),
        ("freight", "express", "economy", "customs", "courier", "registered")),
    Domain("insurance claim", (
        Measure("damage", "The damage is put at {} pounds.", "pounds", 50, 9000),
        Measure("age of the policy", "The policy has been running for {} months.", "months", 2, 120),
        Measure("number of photos", "The number of photos attached is {}.", "", 2, 12),
        Feature("cause", "The cause was {}.", ("fire", "hail", "theft", "water")),
        Feature("region", "It happened in the region {}.", ("north", "south", "east", "west"))),
        ("fast-track", "inspection", "specialist", "fraud-check", "callback", "reject")),
    Domain("job application", (
        Measure("experience", "The applicant has {} years of experience.", "years", 2, 25),
        Measure("notice period", "The notice period is {} weeks.", "weeks", 2, 26),
        Measure("test score", "The applicant scored {} points in the test.", "points", 10, 100),
        Feature("degree", "The degree is in {}.", ("biology", "economics", "engineering", "law")),
        Feature("location", "The applicant lives in {}.", ("Dublin", "Lyon", "Oslo", "Porto"))),
        ("interview", "second-reader", "waiting-list", "phone-call", "decline", "talent-pool")),
    Domain("support ticket", (
        Measure("waiting time", "The customer has been waiting for {} hours.", "hours", 2, 96),
        Measure("number of users", "The number of users who are affected is {}.", "", 2, 500),
        Feature("product", "It is about the product {}.", ("Atlas", "Beacon", "Comet", "Drift")),
        Feature("plan", "The customer's plan is {}.", ("basic", "business", "enterprise", "trial")),
        Feature("channel", "The ticket came by {}.", ("chat", "e-mail", "phone"))),
        ("urgent", "high", "normal", "low", "research", "handover")),
    Domain("machine alarm", (
        Measure("temperature", "The temperature is {} degrees.", "degrees", 15, 130),
        Measure("running time", "The running time since the last service is {} hours.", "hours", 10, 4000),
        Measure("number of restarts", "The number of restarts today is {}.", "", 2, 15),
        Feature("line", "The machine belongs to line {}.", ("amber", "cobalt", "ivory", "jade")),
        Feature("shift", "It was raised in the {} shift.", ("early", "late", "night"))),
        ("stop", "inspect", "cool-down", "restart", "ignore", "call-out")),
    Domain("loan request", (
        Measure("amount", "The amount is {} dollars.", "dollars", 500, 60000),
        Measure("term", "The term is {} months.", "months", 6, 84),
        Measure("monthly income", "The monthly income is {} dollars.", "dollars", 900, 9000),
        Feature("purpose", "The purpose is {}.", ("a car", "a kitchen", "education", "travel")),
        Feature("customer type", "The customer type is {}.", ("new", "regular", "staff"))),
        ("approve", "committee", "documents", "branch", "refuse", "review")),
    Domain("library book", (
        Measure("age", "It is {} years old.", "years", 2, 70),
        Measure("number of loans", "The number of loans last year is {}.", "", 2, 60),
        Measure("number of copies", "The number of copies is {}.", "", 2, 12),
        Feature("section", "It stands in the section {}.", ("art", "children", "history", "science")),
        Feature("condition", "The condition is {}.", ("fair", "good", "poor"))),
        ("keep", "sell", "repair", "archive", "reorder", "display")),
    Domain("plant delivery", (
        Measure("height", "It is {} cm tall.", "cm", 10, 240),
        Measure("number of leaves", "The number of leaves is {}.", "", 3, 80),
        Measure("days in transit", "The days in transit were {}.", "days", 2, 14),
        Feature("colour", "The colour is {}.", ("green", "purple", "red", "variegated")),
        Feature("origin", "The origin is {}.", ("Ecuador", "Morocco", "Poland", "Thailand"))),
        ("greenhouse", "shade", "quarantine", "showroom", "compost", "outdoors")),
)  # fmt: skip


def _condition(rng: random.Random, attribute: Measure | Feature) -> Condition:
    if isinstance(attribute, Feature):
        n = 1 if len(attribute.values) < 4 or rng.random() < 0.6 else 2
        return Condition(attribute, among=tuple(picks(rng, attribute.values, n)))
    span = attribute.high - attribute.low
    bound = between(rng, attribute.low + span // 4, attribute.high - span // 4)
    if rng.random() < 0.5:
        return Condition(attribute, least=bound + 1)
    return Condition(attribute, most=bound)


def _rule(rng: random.Random, domain: Domain, classes: list[str]) -> Rule:
    n = 1 if rng.random() < 0.5 else 2
    return tuple(_condition(rng, attribute) for attribute in picks(rng, domain.attributes, n)), pick(rng, classes)


Box: TypeAlias = Mapping[str, Sequence[Value]]
"""For each attribute's name, values that it may have."""


def _box(domain: Domain, rules: Sequence[Rule]) -> Box:
    """Values enough to tell all rules apart: of a measure, the least, and each from which on a condition turns."""
    box: dict[str, Sequence[Value]] = {}
    for attribute in domain.attributes:
        if isinstance(attribute, Feature):
            box[attribute.name] = attribute.values
        else:
            asked = [each for conditions, _ in rules for each in conditions if each.attribute == attribute]
            box[attribute.name] = [attribute.low, *(each.least or each.most + 1 for each in asked)]
    return box


def _part(box: Box, condition: Condition, *, holds: bool) -> Box:
    """What of a box a condition holds for, or does not hold for."""
    name = condition.attribute.name
    return {**box, name: [value for value in box[name] if condition.fits(value) == holds]}


def _passes(box: Box, rules: Sequence[Rule]) -> bool:
    """Whether some record in a box gets past all rules."""
    if not all(box.values()):
        return False
    if not rules:
        return True
    (conditions, _), *others = rules
    return any(_passes(_part(box, condition, holds=False), others) for condition in conditions)


def decidable(domain: Domain, rules: Sequence[Rule]) -> bool:
    """Whether the last of some rules decides some record, and some record is left that none decides."""
    *earlier, (conditions, _) = rules
    whole = box = _box(domain, rules)
    for condition in conditions:
        box = _part(box, condition, holds=True)
    return _passes(box, earlier) and _passes(whole, rules)


def _rules(rng: random.Random, domain: Domain, classes: list[str], n: int) -> list[Rule]:
    """So many rules, each of which decides some record, as does the class behind them."""
    rules: list[Rule] = []
    tries = 0
    while len(rules) < n:
        tries += 1
        if tries > _TRIES:
            rules, tries = [], 0
        rule = _rule(rng, domain, classes)
        if decidable(domain, [*rules, rule]):
            rules.append(rule)
    return rules


def _record(rng: random.Random, domain: Domain, rules: list[Rule]) -> dict[str, Value]:
    """A record near the bounds of the rules: each measure often has a value at which one of them turns."""
    turning: dict[str, list[int]] = {}
    for conditions, _ in rules:
        for condition in conditions:
            turning.setdefault(condition.attribute.name, []).append(condition.least or condition.most)
    record: dict[str, Value] = {}
    for attribute in domain.attributes:
        if isinstance(attribute, Feature):
            record[attribute.name] = pick(rng, attribute.values)
        elif attribute.name in turning and rng.random() < 0.4:
            record[attribute.name] = pick(rng, turning[attribute.name]) + pick(rng, (-1, 0, 0, 1))
        else:
            record[attribute.name] = between(rng, attribute.low, attribute.high)
    return record


def first_rule(rules: list[Rule], record: Mapping[str, Value]) -> int:
    """The place of the first rule that applies; the number of rules when none does."""
    applying = (place for place, (conditions, _) in enumerate(rules) if all(each.holds(record) for each in conditions))
    return next(applying, len(rules))


def _told(rng: random.Random, domain: Domain, record: Mapping[str, Value]) -> str:
    """The record in sentences or as a list, its parts in random order."""
    attributes = shuffled(rng, domain.attributes)
    if rng.random() < 0.5:
        return " ".join(attribute.sentence.format(record[attribute.name]) for attribute in attributes)
    lines = []
    for attribute in attributes:
        unit = f" {attribute.unit}" if isinstance(attribute, Measure) and attribute.unit else ""
        lines.append(f"{attribute.name}: {record[attribute.name]}{unit}")
    return "\n".join(lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """Records with a number of rules, and one more class where no rule applies."""

    rules: tuple[int, ...]
    axis: str = "rules"

    def levels(self) -> list[int]:
        """Numbers of rules, from few to many."""
        return list(self.rules)

    def size(self, level: int) -> None:
        """Unknown: there are far more rules and records than anybody will ask."""
        return

    def draw(self, rng: random.Random, level: int) -> dict[str, Any]:
        """Fields `problem` (rules and record), `classes`, `names`, `rules`, `decides`, `answer`.

        `names` are the classes, the attributes and their values; `decides` is the rule's number, 0 when none holds.
        """
        domain = pick(rng, DOMAINS)
        classes = shuffled(rng, domain.classes)
        default, *others = classes
        rules = _rules(rng, domain, others, level)
        wanted = int(rng.random() * (level + 1))
        record = _record(rng, domain, rules)
        for _ in range(8):
            if first_rule(rules, record) == wanted:
                break
            record = _record(rng, domain, rules)
        place = first_rule(rules, record)
        problem = "\n\n".join([_rules_text(domain, rules, default), f"The {domain.thing}:", _told(rng, domain, record)])
        return {
            "id": sha256(problem.encode()).hexdigest()[:12],
            "problem": problem,
            "classes": sorted(classes),
            "names": [*classes, *(attribute.name for attribute in domain.attributes),
                      *(value for each in domain.attributes if isinstance(each, Feature) for value in each.values)],
            self.axis: level,
            "decides": 0 if place == level else place + 1,
            "answer": default if place == level else rules[place][1],
        }  # fmt: skip


def _rules_text(domain: Domain, rules: list[Rule], default: str) -> str:
    lines = [f"Rules for a {domain.thing}:" if domain.thing[0] not in "aeiou" else f"Rules for an {domain.thing}:"]
    for place, (conditions, label) in enumerate(rules, start=1):
        lines.append(f"{place}. If {' and '.join(each.text() for each in conditions)}: {label}")
    return "\n".join([*lines, f"{len(rules) + 1}. Otherwise: {default}"])


def classification(arguments: Mapping[str, Any]) -> Classification:
    """Make the generator from a suite's argument `rules`.

    Raises:
        GeneratorError: If an argument is unknown or out of range.
    """
    refuse_unknown(arguments, ["rules"])
    return Classification(rules=whole_numbers(arguments, "rules", default=[2, 4, 6, 8], within=(1, MAX_RULES)))
