"""What plain code achieves on the shipped tasks: a model that cannot beat it is not worth paying.

One deterministic program per task. Each reads the prompt alone, as a model would, and was written from general
knowledge of support desks, not from the items. Reading is linear in the length of the prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from operator import add, mul, sub

from evalkit.errors import AdapterError, did_you_mean
from evalkit.trial import Call

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'’-]*")
# Bounded, since Python refuses to convert text of more than 4,300 digits.
_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,300}(?![0-9])|[0-9]{1,1000}")
_QUEUE = re.compile(r"^\s*[-*]\s*([\w-]+)\s*:(.*)$")

_QUOTED = re.compile(r'"([^"\n]{1,60})"')
_INTEGER = re.compile(r"[0-9]{1,9}")
_RULE = re.compile(r"^[0-9]{1,3}\. ([^:\n]{1,200}): ([\w-]{1,40})$", re.MULTILINE)

_MAX_TITLE_WORDS = 19
_KEYWORDS = 8


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What a customer asks for: the words for a title, and the words that give it away.
_REQUESTS = {
    "Refund request": r"refund|money back|reimburs|return my money|credit back|repay|give me back",
    "Cancellation request": r"cancel|terminat|unsubscrib|end my (?:contract|subscription|membership)|stop renew",
    "Replacement request": r"replac|exchang|swap|send (?:me )?(?:a new|another)|new one",
    "Repair request": r"repair|technician|engineer|warranty|guarantee|fix my",
    "Compensation request": r"compensat|goodwill",
    "Invoice request": r"invoice|receipt|vat ",
    "Return label request": r"return label|returns? label|send (?:it|them|this) back|pick it up|collect it",
    "Delete account": r"delete (?:my|all|the|our)|erase|gdpr|close my account",
    "Access restored": r"unlock|unblock|reset link|restore access|log ?in|sign in|locked out|password",
    "Change address": r"(?:change|update|correct|wrong|new) (?:my |the )?(?:delivery )?address",
    "Rebooking request": r"rebook|another flight|change (?:my|the) (?:booking|flight|reservation)",
}

# What went wrong, likewise.
_PROBLEMS = {
    "charged twice": r"twice|double|duplicate|two (?:charges|payments)|second charge",
    "unexpected charge": r"charged|overcharg|fee\b|debit|billed|price (?:increase|went up)",
    "missing delivery": r"(?:not|never|n't|yet to|nothing) (?:been )?(?:arriv|receiv|deliver|come|show)|tracking|lost",
    "late delivery": r"\blate\b|delay|still waiting|overdue|was promised|supposed to (?:arrive|come)",
    "missing parts": r"missing|incomplete|only (?:got|received|one|two|three)|without the",
    "damaged": r"damag|broken|crack|dent|smash|shatter|leak|torn|ripped|scratch|crush",
    "wrong item": r"wrong|instead of|not what i ordered|different (?:colou?r|size|model)",
    "not working": r"n't work|not work|stopp?(?:ed|s) work|fault|defect|won't|crash|error|fail|dead|freez|broke",
    "no connection": r"outage|internet|broadband|signal|wi-?fi|disconnect|drops|slow",
}

_STOP_WORDS = _words(
    "a about above after again against all also although always am an and any anybody anyone anything are around as "
    "ask asked asking at back be because been before being below between both but by call called came can cannot come "
    "could day days did do does doing done down during each either else email emailed even ever every everything few "
    "first for from get gets getting give given go goes going gone good got had has have having he hello help her here "
    "hi him his hour hours how however i if in into is it its itself just keep kept kind know last least let like "
    "little long look lot made make many maybe me mean might mine minute minutes month months more most much must my "
    "myself need never new next nice no nobody nor not nothing now of off oh ok okay old on once one only or order "
    "ordered other our out over own people person please possible put quite rather re read really reply right said "
    "same saw say saying says second see seem seems send sent service she should shop since sir so some somebody "
    "someone something sorry soon still such sure take taken tell than thank thanks that the their them then there "
    "these they thing things think this those though three through time times to today together told tomorrow too "
    "took tried try trying twice two under until up upon us use used using very via wait waited waiting want wanted "
    "was way we week weeks well went were what when where which while who whole whose why will wish with within "
    "without would wrong wrote year years yes yesterday yet you your yours madam dear regards team support customer "
    "i'm i've i'd i'll it's that's don't didn't doesn't can't won't isn't wasn't haven't hasn't you're there's what's "
    "subject fwd forwarded message monday tuesday wednesday thursday friday saturday sunday january february march "
    "april june july august september october november december kindly best"
)

_EMOTIONAL = _words(
    "absolute absolutely absurd abysmal amazing angry annoyed annoying appalled appalling awful bloody clueless "
    "completely crap crazy cruel damn desperate devastated disappointed disappointing disaster disgrace disgraceful "
    "disgusted disgusting dreadful embarrassing enraged extremely fed fool frustrated frustrating fuming furious "
    "gutted hate heartbroken hell hopeless horrendous horrible horrified horrific idiots incompetent incredible "
    "incredibly insane insulting joke laughable livid lies lying mad miserable nightmare outrage outraged outrageous "
    "pathetic ridiculous rubbish scam scammers shame shameful shocked shocking sick stupid terrible thieves totally "
    "unacceptable unbelievable upset upsetting useless utter utterly worst worthless wtf omg"
)

_DETERMINERS = _words("my the your our this a an these those")

# Words that speak for a queue, by the words that such a queue's name is likely to hold.
_QUEUE_KNOWLEDGE: Mapping[str, str] = {
    "billing payment invoice charge": r"charg|invoice|bill|payment|paid twice|card|vat|fee\b|debit|receipt|price",
    "refund": r"refund|money back|reimburs|credited|credit note|repay",
    "delivery shipping shipment order": r"deliver|parcel|package|courier|tracking|shipp|driver|arriv|depot|dispatch",
    "return exchange": r"return|send (?:it|them) back|exchang|wrong size|too (?:big|small)|label|swap|drop-?off",
    "technical tech bug app": r"app\b|crash|error|bug|website|load|freez|update|screen|sync|bluetooth|install|button",
    "account login access security": r"log ?in|password|account|sign in|locked|e-?mail address|two-factor|code|hack",
    "cancel": r"cancel|unsubscrib|terminat|stop (?:my|the)|renew|end (?:my|the)|subscription",
    "product question presales sales": r"does (?:it|the)|can i|is (?:it|the)|compatible|which|dimension|stock|\?",
    "warranty repair": r"warrant|guarantee|repair|stopped working|broke|months? (?:old|ago)|defect|fault",
    "complaint escalation": r"complain|manager|supervisor|escalat|ombudsman|lawyer|solicitor|rude|third time|nobody",
}

_ORDER_NUMBER = re.compile(
    r"\border(?:s|ed)?\b[^.!?\n]{0,25}?(?:\b(?:number|no|nr|ref)\b\.?:?\s{0,2})?#?"
    r"((?=[A-Z0-9/-]{0,20}\d)[A-Z0-9]{1,10}(?:[-/][A-Z0-9]{1,10}){0,3})\b",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"(£|€|\$|\b(?:EUR|GBP|USD|CHF|CAD|AUD|SEK|NOK|DKK|PLN)\b)\s?(\d{1,3}(?:[.,]\d{3}){0,2}(?:[.,]\d{2})?)"
    r"|(\d{1,3}(?:[.,]\d{3}){0,2}(?:[.,]\d{2})?)\s?(£|€|\$|\b(?:EUR|GBP|USD|CHF|CAD|AUD|SEK|NOK|DKK|PLN|kr|zł)\b)"
)
_CODES = {"£": "GBP", "€": "EUR", "$": "USD", "kr": "SEK", "zł": "PLN"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th)?\s(?:of\s)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*", re.IGNORECASE
)
# Noise may have changed all but the figures.
_RECEIVED = re.compile(r"^Rec\w*\W.{0,20}?\b\d{1,2} (\w+) (\d{4})$", re.MULTILINE)
_ARRIVED = re.compile(r"arriv|deliver|came|receiv|got\b", re.IGNORECASE)
_ORDERED = re.compile(r"order|bought|purchas|placed", re.IGNORECASE)
_POLICY = re.compile(r"^Policy:\n((?:- .*\n?)+)", re.MULTILINE)
_MAX_REPLY_WORDS = 90
_MAX_MESSAGE = 20_000  # characters that are looked at for days


def answer(call: Call) -> str:
    """Answer a call by the program for its task.

    Raises:
        AdapterError: If there is no program for the task.
    """
    program = _PROGRAMS.get(call.task)
    if program is None:
        hint = did_you_mean(call.task, _PROGRAMS)
        raise AdapterError(f'adapter "baseline": it has no program for task "{call.task}". {hint}')
    return program("\n\n".join(message.content for message in call.messages))


def _paragraphs(text: str) -> list[str]:
    paragraphs: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip():
            paragraphs[-1].append(line.strip())
        elif paragraphs[-1]:
            paragraphs.append([])
    return ["\n".join(lines) for lines in paragraphs if lines]


def _is_instruction(paragraph: str) -> bool:
    """Whether a paragraph between the prompt's first words and the customer's text still belongs to the prompt."""
    return paragraph.endswith(":") or all(line.startswith(("-", "*", "•")) for line in paragraph.splitlines())


def _customer_text(prompt: str) -> str:
    """The customer's words: what follows the instruction, and reference material that a label closes."""
    paragraphs = _paragraphs(prompt)
    paragraphs = paragraphs[1:] or paragraphs
    while len(paragraphs) > 1 and _is_instruction(paragraphs[0]):
        paragraphs = paragraphs[1:]
    ends = [place for place, paragraph in enumerate(paragraphs, 1) if paragraph.lower().startswith("end of")]
    return "\n\n".join(paragraphs[ends[0] :] if ends else paragraphs)


def _first_match(labels: Mapping[str, str], text: str) -> list[str]:
    """The label whose words the text names first, as a list of one, or of none."""
    found = [(match.start(), label) for label, pattern in labels.items() if (match := re.search(pattern, text))]
    return [min(found)[1]] if found else []


def _keywords(text: str, known: Collection[str]) -> list[str]:
    """The words that say what it is about, in the order in which they come.

    A word counts for every use, twice more when a determiner stands before it (it is likely a thing) or when it holds a
    digit (likely an identifier), and once more near the start. Words already `known` are left out.
    """
    weights: dict[str, float] = {}
    before = ""
    for position, word in enumerate(_WORD.findall(text)):
        key = word.lower().replace("’", "'")
        if len(key) > 2 and key not in _STOP_WORDS and key not in _EMOTIONAL and key not in known:
            telling = before in _DETERMINERS or any(character.isdigit() for character in key)
            weights[key] = weights.get(key, 0) + 1 + 2 * telling + (position < 40)
        before = key
    strongest = sorted(weights, key=lambda key: -weights[key])[:_KEYWORDS]
    return [key for key in weights if key in strongest]


def _title(prompt: str) -> str:
    text = _customer_text(prompt)
    lower = text.lower().replace("’", "'")
    labels = ", ".join(_first_match(_REQUESTS, lower) + _first_match(_PROBLEMS, lower))
    about = " ".join(_keywords(text, _WORD.findall(labels.lower())))
    title = f"{labels or 'Complaint'}: {about}" if about else labels or "Complaint"
    words = title.split()[:_MAX_TITLE_WORDS]
    return " ".join([words[0].capitalize(), *words[1:]])


def _queue(prompt: str) -> str:
    """The queue whose words the message names most; the first in the list when none stands out."""
    listed = [match for line in prompt.splitlines() if (match := _QUEUE.match(line))]
    queues = {match.group(1): match.group(2).lower() for match in listed}
    after_list = prompt.rpartition(listed[-1].string)[2] if listed else ""
    message = _customer_text(after_list).lower()
    words = set(_WORD.findall(message))
    scores = {name: _queue_score(name, about, message, words) for name, about in queues.items()}
    return max(scores, key=lambda name: scores[name], default="")


def _queue_score(name: str, description: str, message: str, words: set[str]) -> float:
    """Words of support knowledge count one each, words of the description half, the queue's own name one more."""
    parts = re.split(r"[-_]", name.lower())
    score = 0.0
    for stems, pattern in _QUEUE_KNOWLEDGE.items():
        if any(part.startswith(stem) for stem in stems.split() for part in parts):
            score += len(set(re.findall(pattern, message)))
    described = {word for word in _WORD.findall(description) if len(word) > 3 and word not in _STOP_WORDS}
    score += 0.5 * len(described & words)
    return score + sum(part.rstrip("s") in message for part in parts)


def _record(prompt: str) -> str:
    """Order numbers, the first price, and the days that stand nearest to words of ordering and of arriving."""
    received = _RECEIVED.search(prompt)
    message = prompt[received.end() :] if received else prompt
    price = _PRICE.search(message)
    sign, amount = (price.group(1) or price.group(4), price.group(2) or price.group(3)) if price else ("", "")
    numbers = list(dict.fromkeys(match.group(1) for match in _ORDER_NUMBER.finditer(message)))
    record = {
        "order_numbers": numbers or None,
        "product": next(iter(_keywords(message, ())), None),
        "paid": _amount(amount) if price else None,
        "currency": _CODES.get(sign, sign) if price else None,
        "order_date": _day(message, _ORDERED, received),
        "delivery_date": _day(message, _ARRIVED, received),
    }
    return json.dumps(record)


def _amount(written: str) -> float:
    """The last mark with two digits after it is a decimal point; all others group digits."""
    whole, decimals = (written[:-3], written[-2:]) if written[-3:-2] in {".", ","} else (written, "0")
    return float(f"{re.sub('[.,]', '', whole)}.{decimals}")


def _day(message: str, verb: re.Pattern[str], received: re.Match[str] | None) -> str | None:
    """The day nearest to the verb in a sentence that has both; of the year before where it would lie ahead."""
    for sentence in re.split(r"(?<=[.!?])\s|\n", message[:_MAX_MESSAGE]):
        verbs = [match.start() for match in verb.finditer(sentence)]
        days = list(_DAY.finditer(sentence))
        if received and verbs and days:
            day = min(days, key=lambda match: min(abs(match.start() - at) for at in verbs))
            month = _MONTHS.index(day.group(2).lower()) + 1
            latest = received.group(1)[:3].lower()
            is_ahead = latest in _MONTHS and month > _MONTHS.index(latest) + 1
            return f"{int(received.group(2)) - is_ahead}-{month:02}-{int(day.group(1)):02}"
    return None


def _reply(prompt: str) -> str:
    """The rules that share most words with the message, and a question for the number that is always needed."""
    policy = _POLICY.search(prompt)
    rules = [line[2:].strip() for line in policy.group(1).splitlines()] if policy else []
    words = set(_WORD.findall(prompt.rpartition("Message:")[2].lower())) - _STOP_WORDS
    rules.sort(key=lambda rule: -len(words & set(_WORD.findall(rule.lower()))))
    number = any(char.isdigit() for char in prompt.rpartition("Message:")[2])
    parts = ["Thank you for your message.", *rules[:2]]
    if not number:
        parts.append("Please send us your order number.")
    return " ".join(" ".join(parts).split()[:_MAX_REPLY_WORDS])


def _two_numbers(prompt: str, signs: str) -> tuple[int, int] | None:
    """The two numbers to calculate with, in order: those around an operator, else the last two."""
    matches = list(_NUMBER.finditer(prompt))
    pairs = list(pairwise(matches))
    if not pairs:
        return None
    around = [pair for pair in pairs if prompt[pair[0].end() : pair[1].start()].strip() in list(signs)]
    left, right = around[0] if around else pairs[-1]
    # "Subtract 3 from 10" names the larger number last.
    if not around and prompt[left.end() : right.start()].rstrip().lower().endswith("from"):
        left, right = right, left
    return int(left.group().replace(",", "")), int(right.group().replace(",", ""))


def _calculate(operation: Callable[[int, int], int], signs: str) -> Callable[[str], str]:
    def program(prompt: str) -> str:
        numbers = _two_numbers(prompt, signs)
        return "" if numbers is None else str(operation(*numbers))

    return program


def _table(prompt: str) -> list[list[str]]:
    """The cells of the table in a prompt, its header first: the longest run of lines of as many cells, at least two."""
    longest: list[list[str]] = []
    run: list[list[str]] = []
    for line in [*prompt.splitlines(), ""]:
        cells = _cells(line)
        if run and (len(cells) < 2 or len(cells) != len(run[0])):
            longest, run = max(longest, run, key=len), []
        if len(cells) > 1 and not all(set(cell) <= set("-:") for cell in cells):
            run.append(cells)
    return longest


def _cells(line: str) -> list[str]:
    """Between bars, else between commas without a space, else between wide gaps."""
    if line.startswith("|"):
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    if "," in line and ", " not in line:
        return line.strip().split(",")
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def _cell(prompt: str) -> str:
    """The cell where the row of one quoted name and the column of another meet, or the key of that row."""
    table = _table(prompt)
    quoted = _QUOTED.findall(prompt)
    header = table[0] if table else []
    columns = [place for place, name in enumerate(header) if name in quoted]
    values = [name for name in quoted if name not in header]
    for row in table[1:]:
        if row[0] in values:
            return row[max(columns, default=0)]
    return next((row[0] for row in table[1:] if any(row[place] in values for place in columns)), "")


_FUNCTIONS: Mapping[str, Callable[[list[int]], float]] = {
    r"mean|average": lambda numbers: sum(numbers) / len(numbers),
    r"great|high": max,
    r"small|low": min,
    r"how many|count\b": len,
    r"": sum,
}


def _aggregate(prompt: str) -> str:
    """What the words of the question ask of the quoted column, in the rows with the quoted value."""
    table = _table(prompt)
    question = next((line for line in prompt.splitlines() if len(_QUOTED.findall(line)) > 1), "")
    quoted = _QUOTED.findall(question)
    if not quoted or not table:
        return ""
    named = [place for place, name in enumerate(table[0]) if name in quoted]
    rows = [row for row in table[1:] if any(row[place] in quoted for place in named)]
    least = re.search(r"([0-9]{1,9}) or more|at least ([0-9]{1,9})", question)
    numbers = [int(row[place]) for row in rows for place in named if _INTEGER.fullmatch(row[place])]
    if least:
        numbers = [number for number in numbers if number >= int(least.group(1) or least.group(2))]
    elif len(named) == 1:
        return str(len(rows))
    calculate = next(function for words, function in _FUNCTIONS.items() if re.search(words, question.lower()))
    return f"{calculate(numbers):.0f}" if numbers else "0"


def _class(prompt: str) -> str:
    """The class of the first rule whose conditions all hold by the words of the record."""
    rules = _RULE.findall(prompt)
    record = prompt.rpartition(rules[-1][0])[2].lower() if rules else ""
    for text, label in rules:
        conditions = text.lower().removeprefix("if ").split(" and the ")
        if all(_holds(condition.removeprefix("the "), record) for condition in conditions):
            return str(label)
    return ""


def _holds(condition: str, record: str) -> bool:
    """Whether a record says what a condition asks: a value, or a number next to the words for it."""
    name, _, asked = condition.partition(" is ")
    if not (bound := _INTEGER.search(asked)):
        return condition.startswith("otherwise") or any(value in record for value in asked.split(" or "))
    unit = asked[bound.end() :].removesuffix(" or more").strip()
    for part in re.split(r"\. |\n|\.$", record):
        if (number := _INTEGER.search(part)) and (name in part or (unit and unit in part)):
            value, limit = int(number.group()), int(bound.group())
            return value < limit if "below" in asked else value >= limit
    return False


_PROGRAMS: Mapping[str, Callable[[str], str]] = {
    "ticket-title": _title,
    "routing": _queue,
    "extraction": _record,
    "reply": _reply,
    "addition": _calculate(add, "+"),
    "subtraction": _calculate(sub, "-−–"),
    "multiplication": _calculate(mul, "*×x·"),
    "lookup": _cell,
    "aggregation": _aggregate,
    "classification": _class,
}
TASKS = tuple(_PROGRAMS)
