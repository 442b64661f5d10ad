"""Stories in which every statement compares a thing with another one."""

from __future__ import annotations

from evalkit.suite.story import Aside, Setting, State, Step, add, divide, double, halve, multiply, take, third

_PEOPLE = ("Aisha", "Bruno", "Chloe", "Daniel", "Elif", "Farid", "Greta", "Hugo", "Irina", "Jonas", "Kofi", "Lucia",
           "Mateo", "Nadia", "Oscar", "Paula", "Quentin", "Rosa", "Samir", "Tessa")  # fmt: skip


def _setting(
    name: str,
    things: tuple[str, ...],
    opening: str,
    question: str,
    steps: tuple[Step, ...],
    asides: tuple[Aside, ...],
    *,
    low: int,
    high: int,
    most: int,
    units: frozenset[str] = frozenset(),
) -> Setting:
    return Setting(
        name=name,
        state="size",
        openings=(opening,),
        products=(),
        low=low,
        high=high,
        states={"size": State(questions=(question,), most=most, steps=steps)},
        nouns=({},),
        asides=asides,
        units=units,
        compared=things,
    )


AGES = _setting(
    "ages",
    _PEOPLE,
    "{this} is {n} years old",
    "how old is {this}?",
    (
        add("{this} is {n} years older than {last}", 2, 25),
        take("{this} is {n} years younger than {last}", 2, 25),
        multiply("{this} is {n} times as old as {last}", 3, 5),
        double("{this} is twice as old as {last}"),
        halve("{this} is half as old as {last}"),
        add("in {n} years, {last} will be as old as {this} is today", 2, 15),
        take("{last} was as old {n} years ago as {this} is today", 2, 15),
        third("{this} is a third as old as {last}"),
    ),
    (
        ("{any} lives at number {n}", 3, 140),
        ("{any} has {n} cousins", 2, 15),
        ("{any}'s train leaves at {n} minutes past the hour", 2, 58),
    ),
    low=6,
    high=48,
    most=90,
    units=frozenset({"years"}),
)

PRICES = _setting(
    "prices",
    ("the lamp", "the chair", "the desk", "the shelf", "the rug", "the mirror", "the armchair", "the sofa",
     "the cabinet", "the wardrobe", "the bed", "the table", "the stool", "the bench"),
    "in a furniture shop, {this} costs {n} euros",
    "how many euros does {this} cost?",
    (
        add("{this} costs {n} euros more than {last}", 5, 120),
        take("{this} costs {n} euros less than {last}", 5, 90),
        multiply("{this} costs {n} times as much as {last}", 3, 5),
        double("{this} costs twice as much as {last}"),
        halve("{this} costs half as much as {last}"),
        multiply("for the price of {this}, one could buy exactly {n} pieces like {last}", 3, 5),
        divide("{this} is so cheap that {n} of its kind cost exactly as much as {last} alone", 3, 8),
        third("{this} costs a third of what {last} costs"),
    ),
    (("{any} weighs {n} kilograms", 8, 60), ("{any} is {n} centimetres wide", 60, 180),
     ("{any} has been in the shop for {n} weeks", 2, 30)),
    low=20,
    high=240,
    most=1500,
    units=frozenset({"money", "years"}),
)  # fmt: skip

POINTS = _setting(
    "points",
    ("the red team", "the blue team", "the green team", "the yellow team", "the white team", "the black team",
     "the orange team", "the purple team", "the silver team", "the golden team", "the pink team", "the brown team"),
    "in a quiz, {this} scored {n} points",
    "how many points did {this} score?",
    (
        add("{this} scored {n} points more than {last}", 3, 60),
        take("{this} scored {n} points fewer than {last}", 3, 60),
        multiply("{this} scored {n} times as many points as {last}", 3, 4),
        double("{this} scored twice as many points as {last}"),
        halve("{this} scored half as many points as {last}"),
        add("with {n} more points, {last} would have drawn level with {this}", 3, 40),
        take("{this} missed the score of {last} by {n} points", 3, 40),
        divide("{last} scored {n} times as many points as {this}", 3, 6),
    ),
    (("{any} has {n} members", 4, 9), ("{any} has taken part for {n} years", 2, 12), ("{any} sat at table {n}", 2, 15)),
    low=12,
    high=120,
    most=600,
)  # fmt: skip

HEIGHTS = _setting(
    "heights",
    ("the oak", "the birch", "the lime tree", "the poplar", "the pine", "the spruce", "the beech", "the maple",
     "the cedar", "the willow", "the chestnut", "the ash"),
    "in the park, {this} is {n} metres tall",
    "how many metres tall is {this}?",
    (
        add("{this} is {n} metres taller than {last}", 2, 12),
        take("{this} is {n} metres shorter than {last}", 2, 12),
        double("{this} is twice as tall as {last}"),
        halve("{this} is half as tall as {last}"),
        add("{last} would have to grow {n} metres to be as tall as {this}", 2, 9),
        take("{last} towers over {this} by {n} metres", 2, 9),
        third("{this} is a third as tall as {last}"),
        multiply("{this} is {n} times as tall as {last}", 3, 4),
    ),
    (("{any} is {n} years old", 20, 120), ("{any} has {n} nesting boxes", 2, 7),
     ("{any} was last pruned {n} months ago", 2, 30)),
    low=4,
    high=24,
    most=48,
    units=frozenset({"distance"}),
)  # fmt: skip

WEIGHTS = _setting(
    "weights",
    tuple(f"parcel {letter}" for letter in "BCDEFGHJKLMNPQRSTUVW"),
    "on the scales, {this} shows {n} kilograms",
    "how many kilograms does {this} weigh?",
    (
        add("{this} is {n} kilograms heavier than {last}", 2, 20),
        take("{this} is {n} kilograms lighter than {last}", 2, 20),
        multiply("{this} weighs as much as {n} parcels of the weight of {last}", 3, 5),
        double("{this} weighs twice as much as {last}"),
        halve("{this} weighs half as much as {last}"),
        divide("{last} weighs {n} times as much as {this}", 3, 6),
        add("{last} would need {n} kilograms more to balance {this}", 2, 20),
        take("if {n} kilograms were taken out of {last}, it would weigh as much as {this}", 2, 20),
    ),
    (
        ("{any} is going to a town {n} kilometres away", 20, 600),
        ("{any} is insured for {n} euros", 50, 500),
        ("{any} is {n} centimetres long", 20, 110),
    ),
    low=3,
    high=40,
    most=160,
    units=frozenset({"weight"}),
)

COMPARED = (AGES, PRICES, POINTS, HEIGHTS, WEIGHTS)
