"""Messages to a support desk, made from parts: about products that exist, and about ones whose names are made up.

A model that has only seen real names learns a list of them; made-up names can only be copied.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

PRODUCTS = (
    "kettle", "toaster", "blender", "lamp", "desk", "chair", "sofa", "mattress", "pillow", "curtain", "rug",
    "mirror", "shelf", "wardrobe", "drill", "saw", "hammer", "ladder", "mower", "hose", "tent", "backpack",
    "jacket", "boots", "gloves", "scarf", "watch", "camera", "tripod", "printer", "scanner", "keyboard", "mouse",
    "monitor", "router", "speaker", "headset", "charger", "tablet", "phone", "laptop", "fridge", "freezer", "oven",
    "hob", "dishwasher", "dryer", "vacuum", "iron", "heater", "fan", "bicycle", "helmet", "scooter", "stroller",
    "crib", "doll", "puzzle", "guitar", "piano", "drum", "telescope", "thermos",
)  # fmt: skip
NAMES = (
    "anna", "ben", "carla", "david", "emma", "felix", "grace", "henry", "ida", "jack", "kate", "leo", "mia", "noah",
    "olga", "paul", "quinn", "rosa", "sam", "tina", "uma", "victor", "wendy", "xavier", "yara", "zoe", "amir",
    "bella", "cyrus", "dora", "elif", "frank", "gita", "hans", "ines", "jonas", "karim", "lena", "marco", "nora",
    "omar", "petra", "rami", "sofia", "theo", "ursula", "vera", "walter",
)  # fmt: skip

PROBLEMS: Mapping[str, tuple[str, ...]] = {
    "leaks": ("it leaks", "there is water under it every morning", "it drips all day long", "it leaks from the bottom"),
    "broken": ("it is broken", "it broke on the first day", "it snapped in two", "a part of it came off"),
    "does not start": (
        "it does not start",
        "it will not turn on",
        "nothing happens when i switch it on",
        "it stays dead",
    ),
    "too loud": ("it is far too loud", "it hums all night", "the noise is awful", "it rattles like a train"),
    "wrong colour": ("it is the wrong colour", "i ordered blue and got green", "the colour is not the one i chose"),
    "wrong size": ("it is the wrong size", "it is too small", "it does not fit at all", "it is two sizes too big"),
    "scratched": ("it is scratched", "there are scratches all over it", "the front has a deep scratch"),
    "smells": ("it smells", "it smells of burnt rubber", "the smell does not go away", "it stinks of glue"),
    "overheats": ("it overheats", "it gets too hot to touch", "it is hot after a minute"),
    "part missing": (
        "a part is missing",
        "the screws were not in the box",
        "one piece was left out",
        "the lid is missing",
    ),
    "late": ("it is late", "it has not come yet", "it should have been here on monday", "i still wait for it"),
    "not charging": ("it does not charge", "the battery stays empty", "it is flat after an hour"),
    "stained": ("it is stained", "there is a stain on it", "it came with dirty marks"),
    "torn": ("it is torn", "there is a hole in it", "the seam came apart", "it ripped at once"),
    "unstable": ("it wobbles", "it tips over", "it does not stand straight"),
    "no manual": (
        "there is no manual",
        "the instructions were not in the box",
        "i cannot find any instructions for it",
    ),
}
"""What the title calls it → how customers put it."""

WISHES: Mapping[str, tuple[str, ...]] = {
    "refund": ("i want my money back", "please refund me", "please return the money to my card", "i ask for a refund"),
    "replacement": ("please send me a new one", "i would like a replacement", "can you swap it", "i need another one"),
    "repair": ("please have it repaired", "can someone fix it", "i want it mended", "please repair it"),
    "spare part": ("please send me the part", "can i buy that part from you", "i only need a spare part"),
    "advice": ("what should i do", "please tell me what to do", "can you help me with this", "how do i solve this"),
    "pickup": ("please come and fetch it", "can you pick it up", "when can your driver collect it"),
    "discount": ("i would keep it for less", "can you lower the price", "i think a discount is fair"),
    "callback": ("please call me", "can someone ring me up", "i would like to talk to somebody"),
}
"""What the title calls it → how customers put it."""

OPENINGS = (
    "Hello.",
    "Hi there.",
    "Dear team.",
    "Good morning.",
    "Good evening.",
    "Hello everybody.",
    "To whom it may concern.",
)
SMALL_TALK = (
    "I have been a customer for years.", "I am really annoyed.", "My sister told me about your shop.",
    "This is so sad.",
    "The weather is fine here.", "I never had any trouble before.", "I am not angry, only tired.", "What a mess.",
    "We move house next week.", "My neighbour laughed about it.", "I took a day off for this.", "It was a present.",
    "The box looked fine.", "The driver was friendly.", "I am writing this on the train.", "I hope that you are well.",
    "It rains all day.", "My dog is not happy either.", "This is my second message.", "I saw your new shop in town.",
    "My son opened the box.", "I read the web page twice.", "We had guests that evening.", "I like your other things.",
)  # fmt: skip
CLOSINGS = ("Thank you.", "Thanks a lot.", "Best wishes.", "Kind regards.", "I wait for your answer.", "Yours truly.")

QUEUES: Mapping[str, tuple[str, ...]] = {
    "billing": (
        "I was charged twice for the {product}", "the invoice for the {product} has the wrong name on it",
        "you took more than the price of the {product} from my card", "I need a receipt for the {product}",
        "my voucher was not taken off the price of the {product}", "why is there a fee on the bill for the {product}",
        "the tax on the invoice for the {product} is wrong", "I paid for the {product} but you say that I did not",
    ),
    "delivery": (
        "where is my {product}", "the {product} has not arrived", "can the {product} come on a later day",
        "the driver left the {product} in the rain", "the parcel with the {product} went to my old address",
        "the tracking of my {product} has not moved for days", "the {product} was given to a neighbour I do not know",
        "please send the {product} to my office instead",
    ),
    "returns": (
        "I want to send the {product} back", "how do I return the {product}", "I changed my mind about the {product}",
        "the {product} is not what I ordered", "I need a label to give the {product} back",
        "can I bring the {product} back to a shop", "you have had my {product} back for weeks but I see no money",
        "the {product} is too big, I would like to hand it back",
    ),
    "technical": (
        "the {product} does not turn on", "how do I set up the {product}", "the {product} shows an error",
        "the {product} makes a strange noise", "the {product} loses its settings", "the {product} stops after a minute",
        "which cable fits the {product}", "the light on the {product} blinks red",
    ),
    "account": (
        "I cannot log in to see my {product} order",
        "please change the mail address of the account I ordered the {product} with",
        "I forgot my password and cannot register the {product}",
        "please delete my account, the {product} was my last order",
        "somebody else ordered a {product} with my account",
        "I have two accounts and the {product} is in the wrong one",
        "your page locks me out when I look for my {product}",
        "I do not get the code that I need to rate the {product}",
    ),
}  # fmt: skip
"""Where a message belongs → what people write who belong there."""
ASIDES: Mapping[str, tuple[str, ...]] = {
    "billing": ("The bill was correct, thank you for that", "I have paid for it already", "The invoice came last week"),
    "delivery": ("It arrived on time, that is not the point", "The parcel came yesterday", "The driver was very kind"),
    "returns": ("I do not want to send it back", "Returning it is not what I have in mind", "I would rather keep it"),
    "technical": ("It works very well", "The set up was easy", "There is nothing wrong with the thing itself"),
    "account": (
        "My account is in order", "I can log in without trouble", "You reset my password last month, that was quick",
    ),
}  # fmt: skip
"""What sounds like another queue and is not what the message is about."""

_INTRODUCTIONS = ("My name is {}.", "I am {}.", "{} here.", "This is {} speaking.", "{} is my name.")
_ORDERS = (
    "My order is {}.",
    "Order {} is what I write about.",
    "It is about order no. {}.",
    "The number of my order is {}.",
)
_PAYMENTS = (
    "I paid ${} for the {}.",
    "The {1} cost me ${0}.",
    "You charged ${} for the {}.",
    "${} was taken from my card.",
)
_MISSING = 0.12
"""How often a message leaves something out."""

_SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou")
_FINALS = ("", "", "n", "r", "x", "l", "sk", "nd", "m", "t")


def made_up(rng: random.Random) -> str:
    """A name that no shop has, of two or three syllables."""
    syllables = [rng.choice(_SYLLABLES) for _ in range(rng.choice((2, 2, 3)))]
    return "".join(syllables) + rng.choice(_FINALS)


def product(rng: random.Random) -> str:
    """A product: two of three exist."""
    return made_up(rng) if rng.random() < 1 / 3 else rng.choice(PRODUCTS)


def person(rng: random.Random) -> str:
    """A first name: two of three exist."""
    return made_up(rng) if rng.random() < 1 / 3 else rng.choice(NAMES)


def sentence(text: str) -> str:
    """As a sentence of its own: a capital, and a mark at its end."""
    asks = text.split()[0].lower() in {"can", "how", "what", "when", "where", "which", "why"}
    text = text.replace(" i ", " I ")
    return text[0].upper() + text[1:] + ("?" if asks else ".")


def with_small_talk(rng: random.Random, core: Sequence[str], n_sentences: int) -> str:
    """Surround what matters with what does not.

    Args:
        rng: Draws.
        core: Sentences in their order.
        n_sentences: Of the whole; at least those of the core.
    """
    wanted = n_sentences - len(core)
    talk = rng.sample(SMALL_TALK, max(wanted, 0))
    before = [rng.choice(OPENINGS)] if wanted and rng.random() < 0.3 else []
    after = [rng.choice(CLOSINGS)] if wanted > len(before) and rng.random() < 0.3 else []
    sentences = list(core)
    for text in talk[: wanted - len(before) - len(after)]:
        sentences.insert(rng.randrange(len(sentences) + 1), text)
    return " ".join(before + sentences + after)


def ticket(rng: random.Random, n_sentences: int) -> dict[str, Any]:
    """A complaint and its title. The key is product, complaint and wish as they are worded."""
    thing = product(rng)
    problem = rng.choice(list(PROBLEMS))
    wish = rng.choice(list(WISHES))
    said, wished = rng.choice(PROBLEMS[problem]), rng.choice(WISHES[wish])
    mention = rng.choice(
        (
            "I have a question about my {}.",
            "I bought a {} from you.",
            "This is about the {}.",
            "My {} is here.",
            "I ordered a {}.",
        )
    )
    core = [mention.format(thing), sentence(said), sentence(wished)]
    return {
        "key": f"title/{thing}/{said}/{wished}",
        "message": with_small_talk(rng, core, n_sentences),
        "product": thing,
        "problem": problem,
        "wish": wish,
        "answer": f"{thing}: {problem}, {wish}",
    }


def routed(rng: random.Random, n_sentences: int) -> dict[str, Any]:
    """A message and the queue that it belongs to; from two sentences on, one may sound like another queue.

    The key is what the message is about, as it is worded, and the product.
    """
    thing = product(rng)
    queue = rng.choice(list(QUEUES))
    concern = rng.choice(QUEUES[queue]).format(product=thing)
    core = [sentence(concern)]
    if n_sentences > 1 and rng.random() < 0.7:
        other = rng.choice([name for name in QUEUES if name != queue])
        core.insert(rng.randrange(2), rng.choice(ASIDES[other]) + ".")
    return {
        "key": f"queue/{concern}",
        "message": with_small_talk(rng, core, n_sentences),
        "product": thing,
        "answer": queue,
    }


def ordered(rng: random.Random, n_sentences: int) -> dict[str, Any]:
    """A message with a name, an order number and an amount, each of which may be missing, and other numbers.

    The key is all three.
    """
    thing = product(rng)
    name = None if rng.random() < _MISSING else person(rng)
    order = None if rng.random() < _MISSING else rng.randrange(10_000, 100_000)
    amount = None if rng.random() < _MISSING else f"{rng.randrange(1, 1000)}.{rng.randrange(100):02d}"
    core = []
    if name is not None:
        core.append(rng.choice(_INTRODUCTIONS).format(name.capitalize()))
    if order is not None:
        core.append(rng.choice(_ORDERS).format(order))
    if amount is not None:
        core.append(rng.choice(_PAYMENTS).format(amount, thing))
    if not core:
        core.append(f"I have a question about my {thing}.")
    if len(core) < n_sentences and rng.random() < 0.7:
        core.append(_other_number(rng))
    rng.shuffle(core)
    return {
        "key": f"json/{name}/{order}/{amount}",
        "message": with_small_talk(rng, core, n_sentences),
        "product": thing,
        "name": name or "null",
        "order": "null" if order is None else str(order),
        "amount": amount or "null",
        "answer": json.dumps({"name": name, "order": order, "amount": amount}, separators=(",", ":")),
    }


def _other_number(rng: random.Random) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        return f"My customer number is {rng.randrange(10_000, 100_000)}."
    if kind == 1:
        return f"Shipping was ${rng.randrange(2, 20)}.{rng.randrange(100):02d} on top."
    if kind == 2:
        return f"You can call me at {rng.randrange(100_000, 1_000_000)}."
    return f"It was ticket {rng.randrange(1000, 10_000)} before."
