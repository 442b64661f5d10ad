"""Stories about journeys, money, time and other things that people keep count of."""

from __future__ import annotations

from evalkit.suite.story import Setting, State, add, add_each, divide, double, halve, multiply, take, take_each, third

TOUR = Setting(
    name="tour",
    state="distance",
    openings=("{name} planned a cycling tour with {n} kilometres still to go to the sea",),
    products=("{name} planned a cycling tour to the sea as {m} stages of {n} kilometres each",),
    low=120,
    high=700,
    states={
        "distance": State(
            questions=("how many kilometres are still to go?", "how many kilometres does {name} still have to ride?"),
            most=1200,
            steps=(
                take("{She} rode {n} kilometres towards the sea", 15, 90),
                take_each("{She} rode {n} kilometres a day towards the sea for {m} days", 12, 60),
                add("a closed bridge made the rest of the way {n} kilometres longer", 4, 30),
                add("{She} decided on a detour past a lake, which added {n} kilometres to the way", 5, 40),
                take("a ferry, which {she} had not planned on, saved {him} {n} kilometres", 5, 30),
                halve("{She} covered half of the remaining way by train"),
                take("{friend} gave {him} a lift that brought {him} {n} kilometres closer to the sea", 5, 60),
                divide("{She} divided the rest of the way into stages of {n} kilometres", 20, 120, "stages"),
            ),
        ),
        "stages": State(
            questions=("how many stages are still ahead?",),
            most=200,
            steps=(
                take("{She} rode {n} of the stages", 2, 9),
                halve("{She} rode half of the stages that were left"),
                multiply("{She} packed {n} oat bars for every stage that was still ahead", 2, 5, "bars"),
            ),
        ),
        "bars": State(
            questions=("how many of the oat bars are left?", "how many oat bars does {name} have left?"),
            most=90,
            steps=(
                take("{She} ate {n} of the oat bars", 2, 12),
                add("{friend} gave {him} {n} more oat bars", 2, 12),
                add_each("at each of {m} farms on the way, {she} was given {n} more oat bars", 2, 4),
                halve("{She} left half of the oat bars that {she} had by then behind at a hostel"),
            ),
        ),
    },
    nouns=({},),
    asides=(
        ("the bicycle had {n} gears", 7, 27),
        ("the tent weighed {n} kilograms", 2, 5),
        ("{her} helmet had cost {n} euros", 25, 90),
    ),
    units=frozenset({"distance"}),
    each=(2, 8),
    part=(20, 120),
)

SAVINGS = Setting(
    name="savings",
    state="money",
    openings=(
        "{name} had {n} {coins} in {her} money box",
        "{name} began the year with {n} {coins} in {her} money box",
    ),
    products=("{name} put {n} {coins} a week into an empty money box for {m} weeks",),
    low=20,
    high=200,
    states={
        "money": State(
            questions=("how many {coins} are in the money box now?", "how many {coins} does the money box hold now?"),
            most=1800,
            steps=(
                add("{She} got {n} {coins} for {her} birthday and saved all of it", 10, 80),
                add_each("{She} washed {m} cars for {n} {coins} each and saved what {she} earned", 3, 12),
                add_each("{She} saved {n} {coins} a month for {m} months", 5, 25),
                take("{She} took out {n} {coins} for a book", 6, 30),
                take_each("{She} took out the money for {m} cinema tickets at {n} {coins} each", 5, 12),
                double("for doing so well, {friend} doubled what was in the money box"),
                halve("{She} took half of what was in the money box for a present"),
                take("{She} lent {friend} {n} {coins} from the money box", 5, 40),
                add("{friend} added {n} {coins} to the money box", 5, 40),
                divide("{She} decided to spend all of it on train rides, which cost {n} {coins} each", 3, 15, "rides"),
            ),
        ),
        "rides": State(
            questions=("how many train rides can {name} still take?",),
            most=600,
            steps=(
                take("{She} took {n} of the rides straight away", 2, 9),
                add("{friend} gave {him} tickets for {n} more rides", 2, 15),
                halve("{She} gave half of the rides that {she} had left to {friend}"),
                add_each("in each of the next {m} months, {she} won tickets for {n} more rides", 2, 4),
            ),
        ),
    },
    nouns=({"coins": "euros"}, {"coins": "pounds"}, {"coins": "dollars"}),
    asides=(
        ("the money box was {n} centimetres high", 9, 30),
        ("the bank was {n} minutes away by bus", 5, 35),
        ("{her} bicycle was {n} years old", 2, 15),
    ),
    units=frozenset({"money"}),
)

READING = Setting(
    name="reading",
    state="pages",
    openings=("{name} still had {n} pages of a novel to read",),
    products=("{name} borrowed {m} slim novels of {n} pages each and wanted to read them all",),
    low=90,
    high=480,
    states={
        "pages": State(
            questions=("how many pages does {name} still have to read?", "how many pages are left to read?"),
            most=1500,
            steps=(
                take("{She} read {n} pages on the train", 8, 60),
                take_each("{She} read {n} pages a day for {m} days", 6, 30),
                take("{She} left out {n} pages that {she} already knew", 10, 40),
                add("{friend} lent {him} another book of {n} pages to read as well", 60, 200),
                add_each("{She} also promised to read {m} essays of {n} pages each", 5, 20),
                halve("on a long flight, {she} read half of what was left"),
                add("{She} put a magazine article of {n} pages on {her} list as well", 10, 40),
                divide("{She} planned to read the rest at {n} pages a day", 4, 30, "days"),
            ),
        ),
        "days": State(
            questions=(
                "how many days does {name} plan for all of this?",
                "how many days does {she} plan for it in the end?",
            ),
            most=120,
            steps=(
                add("{She} planned {n} extra days in case something came up", 2, 9),
                double("{She} decided to go slowly and to plan twice as many days"),
                halve("{She} decided to hurry and to plan only half as many days"),
                take("{She} decided that {n} fewer days would do", 2, 5),
            ),
        ),
    },
    nouns=({},),
    asides=(
        ("the reading lamp had cost {n} euros", 15, 70),
        ("the bookshop in the square had been there for {n} years", 5, 90),
        ("the shelf by the window was {n} centimetres wide", 60, 180),
    ),
    units=frozenset({"pages"}),
    each=(2, 7),
    part=(60, 240),
)

FILMS = Setting(
    name="films",
    state="minutes",
    openings=("{name} was planning a film evening and began with a film of {n} minutes",),
    products=("{name} was planning a film evening and began with {m} short films of {n} minutes each",),
    low=60,
    high=180,
    states={
        "minutes": State(
            questions=("how many minutes does the programme take now?", "how long is the programme now, in minutes?"),
            most=900,
            steps=(
                add("{She} added an interval of {n} minutes", 10, 40),
                add_each("{She} added {m} cartoons of {n} minutes each", 4, 15),
                take("{She} decided to skip the first {n} minutes", 5, 25),
                add("{friend} asked for a talk of {n} minutes, and {she} added it", 10, 45),
                take_each("{She} cut {m} scenes of {n} minutes each", 2, 8),
                double("{She} decided to show everything twice", "showings"),
                add("{She} added {n} minutes for questions from the audience", 5, 30),
                halve("since the hall closed early, {she} cut the whole programme down to half its length"),
                take("{She} left out the last {n} minutes", 2, 9),
                divide("{She} divided the programme into {n} parts of the same length", 2, 6, "part"),
            ),
        ),
        # From here on, whatever changed a film would leave open whether it counts once or twice.
        "showings": State(
            questions=("how many minutes does the whole evening take now?",),
            most=900,
            steps=(
                add("{She} put a break of {n} minutes between the two showings", 10, 40),
                add(
                    "for the very end of the evening, {friend} offered a talk of {n} minutes, which {she} added", 10, 45
                ),
                add_each("{m} speakers were given {n} minutes each at the very start of the evening", 2, 9),
                divide("{She} divided the whole evening into {n} parts of the same length", 2, 6, "part"),
            ),
        ),
        "part": State(
            questions=("how many minutes does each part take now?",),
            most=450,
            steps=(
                add("{She} added {n} minutes of music to each part", 2, 12),
                take("{She} shortened each part by {n} minutes", 2, 10),
                add_each("{She} put {m} poems of {n} minutes each into every part", 2, 4),
                halve("{She} cut each part to half its length"),
            ),
        ),
    },
    nouns=({},),
    asides=(
        ("the hall had {n} seats", 60, 240),
        ("tickets cost {n} euros", 3, 14),
        ("the screen was {n} metres wide", 3, 9),
    ),
    units=frozenset({"time"}),
    each=(2, 5),
)

OUTING = Setting(
    name="outing",
    state="people",
    openings=("{name} was organising an outing, and {n} people signed up",),
    products=("{name} was organising an outing, and {m} clubs sent {n} people each",),
    low=30,
    high=160,
    states={
        "people": State(
            questions=("how many people are signed up now?", "how many people does the list hold now?"),
            most=700,
            steps=(
                add("{n} more people signed up", 6, 60),
                take("{n} people fell ill and cancelled", 2, 20),
                add_each("{m} families of {n} signed up as well", 3, 6),
                take_each("{m} groups of {n} people changed their minds and cancelled", 2, 6),
                halve("because of the weather, half of those who were signed up by then cancelled"),
                double("everybody who was signed up by then put one other person on the list"),
                add("{friend} talked {n} colleagues into signing up", 2, 15),
                take("{n} people were moved to the list for another day", 2, 25),
                divide("{She} divided everybody on the list into groups of {n}", 3, 12, "groups"),
            ),
        ),
        "groups": State(
            questions=("how many groups are there now?",),
            most=200,
            steps=(
                take("{n} of the groups went home early", 2, 6),
                add("{friend} brought {n} more groups from the next village", 2, 9),
                halve("half of the groups that were there by then went home by boat"),
                multiply("every group was handed {n} maps, and no map had been handed out before", 2, 6, "maps"),
            ),
        ),
        "maps": State(
            questions=("how many maps are out now?", "how many maps are out by the end?"),
            most=900,
            steps=(
                take("{n} of the maps were handed back", 2, 12),
                add("{She} handed out {n} more maps", 2, 15),
                halve("half of the maps that were out by then were handed back"),
                add_each("{m} latecomers were handed {n} maps each", 2, 3),
            ),
        ),
    },
    nouns=({},),
    asides=(
        ("the castle that they wanted to see was {n} years old", 300, 900),
        ("the way up the hill was {n} kilometres long", 2, 9),
        ("a ticket for the museum cost {n} euros", 4, 18),
    ),
    units=frozenset({"people"}),
)

TANK = Setting(
    name="tank",
    state="litres",
    openings=("the rainwater tank in {name}'s garden held {n} litres",),
    products=("{name} emptied {m} barrels of {n} litres each into an empty tank in {her} garden",),
    low=120,
    high=800,
    states={
        "litres": State(
            questions=("how many litres are in the tank now?", "how many litres of water does the tank hold now?"),
            most=2400,
            steps=(
                take("{She} used {n} litres for the vegetables", 10, 90),
                add("a shower of rain added {n} litres", 10, 150),
                take_each("{She} watered {m} young trees with {n} litres each", 5, 25),
                add_each("{She} poured {m} buckets of {n} litres each into the tank", 5, 12),
                take("{n} litres leaked out through a crack", 5, 40),
                halve("half of the water in the tank was pumped into a neighbour's pond"),
                double("a night of heavy rain doubled the amount of water in the tank"),
                take_each("in {m} hot weeks, {n} litres a week were lost to the sun", 3, 12),
                divide("{She} filled all the water into cans of {n} litres", 4, 20, "cans"),
            ),
        ),
        "cans": State(
            questions=("how many full cans are there now?", "how many full cans does {name} have now?"),
            most=400,
            steps=(
                take("{She} emptied {n} of the cans over the roses", 2, 12),
                add("{friend} brought {n} more full cans", 2, 12),
                halve("{She} gave half of the full cans that {she} had by then to {friend}"),
                take_each("{m} neighbours borrowed {n} full cans each", 2, 3),
            ),
        ),
    },
    nouns=({},),
    asides=(
        ("the garden had {n} rose bushes", 3, 20),
        ("the tank had been bought for {n} euros", 80, 300),
        ("it was {n} degrees in the shade", 18, 36),
    ),
    units=frozenset({"litres"}),
    each=(2, 8),
)

CARDS = Setting(
    name="collection",
    state="items",
    openings=("{name} had a collection of {n} {items}", "{name} owned {n} {items}"),
    products=("{name} collected {items} and had {m} folders with {n} in each",),
    low=40,
    high=240,
    states={
        "items": State(
            questions=("how many {items} does {name} have now?", "how many {items} are in the collection now?"),
            most=900,
            steps=(
                add("{She} found {n} {items} at a flea market", 4, 40),
                take("{She} gave {friend} {n} {items}", 4, 40),
                add_each("{She} bought {m} packets with {n} {items} in each", 4, 12),
                take_each("{She} swapped {m} times, giving away {n} {items} each time and getting a poster", 2, 9),
                add("an uncle left {him} {n} {items}", 10, 60),
                take("{n} {items} were ruined by a leaking roof", 2, 25),
                double("{She} won a bet, and {friend} doubled {her} collection"),
                third("{She} kept only a third of {her} {items} and sold all the others"),
                halve("{She} gave half of the {items} that {she} had by then to a museum"),
                divide("{She} arranged all the {items} in albums, {n} in each", 4, 30, "albums"),
            ),
        ),
        "albums": State(
            questions=("how many albums does {name} have now?",),
            most=300,
            steps=(
                take("{She} sold {n} of the albums", 2, 7),
                add("{friend} gave {him} {n} more albums", 2, 9),
                double("{She} split every album up into two thinner ones"),
                halve("{She} gave half of the albums that {she} had by then to {friend}"),
            ),
        ),
    },
    nouns=({"items": "stamps"}, {"items": "postcards"}, {"items": "old coins"}, {"items": "trading cards"}),
    asides=(
        ("the flea market had been going for {n} years", 5, 60),
        ("the cupboard in the hall was {n} centimetres deep", 30, 60),
        ("a magnifying glass cost {n} euros", 5, 25),
    ),
)

SWIMMING = Setting(
    name="swimming",
    state="lengths",
    openings=("for a charity, {name} swam {n} lengths of a pool on the first day",),
    products=("for a charity, {name} swam {n} lengths of a pool a day for {m} days",),
    low=12,
    high=60,
    states={
        "lengths": State(
            questions=("how many lengths count for {name} now?",),
            most=400,
            steps=(
                add("{She} went back to the pool and swam another {n} lengths", 6, 40),
                add_each("{She} came back {m} times and swam {n} lengths each time", 5, 30),
                take("since {she} had turned too early, the judges took {n} off the number that counted", 2, 9),
                add(
                    "{friend} swam {n} lengths, and the judges added these to the number that counted for {him}", 4, 30
                ),
                double("for the good cause, the judges doubled the number that counted so far"),
                halve("because {she} had worn flippers, half of the lengths counted so far were struck off"),
                multiply(
                    "the sponsors paid {n} {coins} for each length of the number that counted in the end", 2, 6, "money"
                ),
            ),
        ),
        "money": State(
            questions=("how many {coins} are there for the charity now?", "how many {coins} does the charity get?"),
            most=3000,
            steps=(
                take("{n} {coins} of that were needed to hire the pool", 10, 60),
                add("{friend} gave {n} {coins} on top of that", 5, 50),
                add_each("{m} spectators gave another {n} {coins} each", 2, 15),
                take_each("{m} lifeguards got {n} {coins} each out of the money", 4, 15),
                double("the town doubled the amount"),
                halve("half of the money was given to a second charity, so that the other half was left"),
            ),
        ),
    },
    nouns=({"coins": "euros"}, {"coins": "pounds"}),
    asides=(
        ("the water was {n} degrees warm", 22, 29),
        ("the pool had opened {n} years earlier", 3, 50),
        ("{her} sports bag weighed {n} kilograms", 2, 6),
    ),
    units=frozenset({"money"}),
)

DAILY = (TOUR, SAVINGS, READING, FILMS, OUTING, TANK, CARDS, SWIMMING)
