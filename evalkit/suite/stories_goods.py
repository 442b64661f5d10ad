"""Stories about goods that are made, packed and sold."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.suite.story import (
    Setting,
    State,
    add,
    add_each,
    divide,
    double,
    halve,
    multiply,
    take,
    take_each,
)

ENVELOPES = State(
    questions=("how many {coins} are in each envelope now?", "how many {coins} does one envelope hold now?"),
    most=600,
    steps=(
        add("{She} put {n} more {coins} into each envelope", 2, 20),
        take("{She} took {n} {coins} back out of each envelope", 2, 20),
        double("{friend} doubled the amount in each envelope"),
        halve("{She} moved half of the money in each envelope to the bank"),
        add_each("{m} visitors each put {n} {coins} into every envelope", 2, 6),
    ),
)

MONEY = State(
    questions=("how many {coins} are in the {box} now?", "how much money, in {coins}, is in the {box} now?"),
    most=2500,
    steps=(
        take("{She} took {n} {coins} out of the {box} to pay for {supply}", 5, 90),
        take("a repair cost {n} {coins}, which {she} paid from the {box}", 10, 120),
        add("{friend} added {n} {coins} to the {box}", 5, 80),
        add_each("{m} neighbours put {n} {coins} each into the {box}", 2, 15),
        take_each("{m} helpers were paid {n} {coins} each out of the {box}", 5, 30),
        halve("{She} took half of the money in the {box} to the bank"),
        double("{friend} put in as much money as was already in the {box}"),
        take("{n} {coins} from the {box} went to the fire brigade as a gift", 5, 60),
        divide("{She} divided all the money in the {box} equally among {n} empty envelopes", 2, 12, "envelopes"),
    ),
)

LOADS = State(
    questions=("how many {loads} are there now?",),
    most=400,
    steps=(
        take("{n} {loads} were taken away", 2, 9),
        add("{friend} brought {n} more {loads}, loaded in the same way", 2, 9),
        halve("half of the {loads} that were there by then set off"),
        multiply("{she} fixed {n} straps on every {load}", 3, 6, "straps"),
    ),
)

STRAPS = State(
    questions=("how many straps are in use now?",),
    most=1500,
    steps=(
        take("{n} of the straps were found to be worn and were taken off", 2, 12),
        add("{friend} fixed {n} more straps to be on the safe side", 2, 12),
        add_each("each of {m} helpers fixed {n} more straps", 2, 6),
        halve("half of the straps in use by then were taken off again"),
    ),
)

PACKS = State(
    questions=("how many {packs} does {name} have now?", "with how many {packs} does that leave {name}?"),
    most=300,
    steps=(
        take("{She} delivered {n} {packs} to {client}", 2, 20),
        add("{friend} brought {n} more {packs} of the same size", 2, 25),
        take("{n} {packs} got wet and had to be thrown away", 2, 9),
        take_each("{m} regular customers collected {n} {packs} each", 2, 5),
        double("{friend} brought exactly as many {packs} as {she} had by then"),
        halve("half of the {packs} that {she} had by then went to {charity} as a gift"),
        divide("{She} loaded all the {packs} onto {loads}, {n} on each", 2, 10, "loads"),
        multiply(
            "{She} sold all the {packs} for {n} {coins} each and put the money into an empty {box}", 3, 12, "money"
        ),
    ),
)

SHARED = {"packs": PACKS, "loads": LOADS, "straps": STRAPS, "money": MONEY, "envelopes": ENVELOPES}
QUESTIONS = ("how many {items} does {name} have now?", "with how many {items} does that leave {name}?")


def _nouns(item: str, pack: str, load: str, box: str, **others: str) -> Mapping[str, str]:
    """Plurals beside the singulars; all of these are regular."""
    plural = {"s": "es", "x": "es", "h": "es"}
    forms = {"item": item, "pack": pack, "load": load}
    plurals = {f"{key}s": word + plural.get(word[-1], "s") for key, word in forms.items()}
    return {**forms, **plurals, "box": box, **others}


BAKERY = Setting(
    name="bakery",
    state="items",
    openings=("{name} runs a small bakery and had baked {n} {items}", "in {her} bakery, {name} had {n} {items} ready"),
    products=("{name} runs a bakery and took {m} trays with {n} {items} on each out of the oven",),
    low=24,
    high=160,
    states={
        **SHARED,
        "items": State(
            questions=QUESTIONS,
            most=480,
            steps=(
                add("{She} baked {n} more {items}", 10, 80),
                add_each("{She} baked another {m} trays with {n} {items} on each", 6, 24),
                take("{She} sold {n} {items}", 5, 90),
                take("{n} {items} came out too dark and were thrown away", 2, 15),
                take_each("{m} customers bought {n} {items} each", 2, 8),
                add("{friend} brought {n} {items} over from the other shop", 10, 60),
                halve("half of the {items} that {she} had by then were sold"),
                divide("{She} packed all the {items} that {she} now had into {packs} of {n}", 3, 12, "packs"),
            ),
        ),
    },
    nouns=tuple(
        _nouns(item, pack, "trolley", "cash box", coins=coins, supply="flour", client="the café", charity="the school")
        for item, pack, coins in (("roll", "bag", "euros"), ("muffin", "box", "pounds"), ("scone", "basket", "dollars"))
    ),
    asides=(
        ("the oven was set to {n} degrees", 170, 240),
        ("the recipe was {n} years old", 12, 90),
        ("the first customer had walked {n} minutes to get there", 4, 40),
    ),
    units=frozenset({"money"}),
)

ORCHARD = Setting(
    name="orchard",
    state="items",
    openings=("{name} picked {n} {items} in {her} orchard", "by noon, {name} had picked {n} {items}"),
    products=("{name} picked {m} buckets of {n} {items} each in {her} orchard",),
    low=40,
    high=240,
    states={
        **SHARED,
        "items": State(
            questions=QUESTIONS,
            most=720,
            steps=(
                add("{She} picked another {n} {items} from the old tree by the gate", 10, 90),
                take("{n} {items} turned out to be bruised and were fed to the pigs", 3, 30),
                add_each("{friend} carried in {m} more buckets of {n} {items} each", 8, 30),
                take("{She} pressed {n} {items} for juice", 10, 60),
                take_each("{m} children from the village were given {n} {items} each", 2, 5),
                halve("half of the {items} that {she} had by then were sold at the market"),
                double("{friend} brought exactly as many {items} as {she} had by then"),
                divide("{She} put all the {items} into {packs}, {n} in each", 4, 20, "packs"),
            ),
        ),
    },
    nouns=tuple(
        _nouns(item, pack, "trailer", "tin", coins=coins, supply="new ladders", client="a hotel", charity="a hospital")
        for item, pack, coins in (
            ("apple", "crate", "euros"),
            ("pear", "carton", "pounds"),
            ("plum", "basket", "euros"),
        )
    ),
    asides=(
        ("the orchard had {n} bee hives", 3, 14),
        ("the oldest tree was {n} years old", 30, 95),
        ("the ladder weighed {n} kilograms", 5, 14),
    ),
    units=frozenset({"money"}),
)

WAREHOUSE = Setting(
    name="warehouse",
    state="items",
    openings=("{name}, who looks after a warehouse, counted {n} {items} in stock",),
    products=("{name} looks after a warehouse, where {m} shelves held {n} {items} each",),
    low=60,
    high=400,
    states={
        **SHARED,
        "items": State(
            questions=("how many {items} are in stock now?", "how many {items} does the warehouse hold now?"),
            most=1200,
            steps=(
                add("a lorry delivered {n} {items}", 20, 150),
                take("an order for {n} {items} was sent out", 10, 120),
                take("{She} found {n} damaged {items} and sent them back", 2, 20),
                add_each("{m} pallets with {n} {items} each arrived by rail", 12, 40),
                take_each("{m} shops received {n} {items} each", 5, 30),
                halve("half of the {items} in stock by then were moved to another town"),
                add("{friend} found {n} {items} that nobody had counted", 2, 30),
                divide("{She} packed everything that was in stock into {packs} of {n} {items}", 4, 24, "packs"),
            ),
        ),
    },
    nouns=tuple(
        _nouns(item, pack, "pallet", "safe", coins=coins, supply="tape", client="a supermarket", charity="a food bank")
        for item, pack, coins in (("tin", "carton", "euros"), ("jar", "crate", "dollars"), ("lamp", "box", "euros"))
    ),
    asides=(
        ("the forklift had been charged for {n} hours", 3, 11),
        ("the hall was {n} metres long", 25, 120),
        ("the alarm had last been tested {n} days earlier", 3, 40),
    ),
    units=frozenset({"money"}),
)

WORKSHOP = Setting(
    name="workshop",
    state="items",
    openings=("{name} had {n} {items} on {her} workbench", "{name} had made {n} {items} in {her} workshop"),
    products=("in {her} workshop, {name} made {n} {items} a day for {m} days",),
    low=20,
    high=120,
    states={
        **SHARED,
        "items": State(
            questions=QUESTIONS,
            most=420,
            steps=(
                add("{She} made {n} more {items}", 6, 50),
                add_each("{She} went on to make {n} {items} a day for {m} days", 4, 15),
                take("{n} {items} broke and could not be mended", 2, 9),
                take("{She} sent {n} {items} to a shop in the city", 5, 40),
                take_each("{m} tourists bought {n} {items} each", 2, 4),
                double("{friend} brought exactly as many {items} as {she} had by then"),
                add("{friend} gave {him} {n} {items} that were left over from a fair", 4, 30),
                divide("{She} wrapped all the {items} up in {packs} of {n}", 2, 8, "packs"),
            ),
        ),
    },
    nouns=tuple(
        _nouns(item, pack, "cart", "drawer", coins=coins, supply="wood", client="a gift shop", charity="a school fair")
        for item, pack, coins in (
            ("candle", "set", "euros"),
            ("mug", "parcel", "pounds"),
            ("toy car", "set", "dollars"),
        )
    ),
    asides=(
        ("the workshop had {n} windows", 2, 9),
        ("a clock on the wall was {n} minutes slow", 2, 25),
        ("the bench had been built {n} years before", 3, 60),
    ),
    units=frozenset({"money"}),
)

NURSERY = Setting(
    name="nursery",
    state="items",
    openings=("{name} grows flowers and had {n} {items} in the greenhouse",),
    products=("in {her} greenhouse, {name} had {m} rows of {n} {items} each",),
    low=36,
    high=200,
    states={
        **SHARED,
        "items": State(
            questions=("how many {items} does {name} have now?", "how many {items} are in the greenhouse now?"),
            most=600,
            steps=(
                add("{She} potted {n} more {items}", 10, 70),
                take("slugs ate {n} {items}", 3, 25),
                take("{n} {items} dried up on a hot day and were thrown away", 2, 20),
                add_each("{friend} gave {him} {m} trays with {n} {items} in each", 6, 20),
                take_each("{m} gardeners took {n} {items} each", 3, 12),
                halve("half of the {items} that {she} had by then were planted in the park"),
                take("{She} sold {n} {items} at the gate", 5, 50),
                divide("{She} set all the {items} into {packs} of {n}", 4, 12, "packs"),
            ),
        ),
    },
    nouns=tuple(
        _nouns(item, pack, "van", "money tin", coins=coins, supply="soil", client="a hotel", charity="a care home")
        for item, pack, coins in (("tulip", "tray", "euros"), ("rose", "crate", "pounds"), ("dahlia", "tray", "euros"))
    ),
    asides=(
        ("it was {n} degrees in the greenhouse", 18, 34),
        ("the watering hose was {n} metres long", 10, 40),
        ("the glass roof had {n} panes", 20, 90),
    ),
    units=frozenset({"money"}),
)

GOODS = (BAKERY, ORCHARD, WAREHOUSE, WORKSHOP, NURSERY)
