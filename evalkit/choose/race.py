"""A race: candidates are asked one after the other, the cheapest first, until one is usable on every task.

Each is a run of its own that ends as soon as a task is shown to be unusable, whichever task that is. Nothing that a
candidate brings changes what another one is asked, or what it has to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from evalkit.choose.advice import Kinds, advise
from evalkit.choose.decision import HABIT, choose, exhaustive, notes, undominated
from evalkit.choose.judged import judge
from evalkit.choose.order import Entrant
from evalkit.choose.standing import candidate_of
from evalkit.engine import Measured, Session
from evalkit.errors import FatalTransportError
from evalkit.findings.choose import Candidate, Choice, Limits
from evalkit.plain import usd
from evalkit.plan import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """What is raced over."""

    plan: Plan
    """Whose verdicts err with 1/M of the chance, M being the number of candidates."""
    limits: Limits
    max_cost_usd: float
    """Of all runs together, as far as costs are known."""
    kinds: Kinds
    """Of the suite's constraints."""


class Race:
    """Carries a race out.

    Args:
        course: What is raced over.
        entrants: In the order in which they are asked.
        begin: Makes the run of a candidate that may cost so many US dollars.
        carry_out: Carries it out.
    """

    def __init__(
        self,
        course: Course,
        entrants: Sequence[Entrant],
        *,
        begin: Callable[[Entrant, float], Session],
        carry_out: Callable[[Session], Measured],
    ) -> None:
        self._course, self._entrants = course, entrants
        self._begin, self._carry_out = begin, carry_out
        self._alpha = max(terms.alpha for terms in course.plan.terms)
        """Of one candidate."""
        self._spent_usd = 0.0
        self.folders: list[str] = []
        """Of the runs so far."""
        self._interrupted = False

    def run(self) -> Choice:
        """Ask until somebody is chosen, nobody is left, or the user stops it.

        Raises:
            EvalkitError: If a run cannot go on for a reason that concerns the others, too. That a provider refuses does
                not: then the race goes on without that candidate.
        """
        candidates = list(self._judged())
        marked = choose(candidates, self._course.limits) if not self._interrupted else tuple(candidates)
        nobody = not any(each.status == "chosen" for each in marked)
        expected = [each.expected_per_call for each in self._entrants]
        each_calls = sum(HABIT * terms.repeats for terms in self._course.plan.terms if terms.counts and terms.units)
        choice = Choice(
            suite=self._course.plan.suite.name,
            candidates=marked,
            limits=self._course.limits,
            alpha=self._alpha * len(self._entrants),
            exhaustive=exhaustive(marked, each_calls, expected),
            raced=True,
            undominated=undominated(marked),
            advice=advise(marked, self._course.kinds) if nobody and not self._interrupted else (),
            interrupted=self._interrupted,
        )
        return _with_notes(choice)

    def _judged(self) -> Iterator[Candidate]:
        over = False
        for entrant in self._entrants:
            found = _left_out(entrant, self._course.limits, over=over) or self._left_by_money(entrant)
            if found is None:
                found = self._asked(entrant)
                over = self._interrupted or (found.status == "usable" and self._course.limits.prefer == "cost")
            yield found

    def _asked(self, entrant: Entrant) -> Candidate:
        session = self._begin(entrant, self._money_left())
        self.folders.append(str(session.folder))
        failure: FatalTransportError | None = None
        try:
            self._interrupted = self._carry_out(session).interrupted
        except FatalTransportError as error:
            failure = error
        limits = self._course.limits
        judged = judge(session.folder, alpha=self._alpha, max_p95_s=limits.max_p95_s)
        self._spent_usd += sum(task.spend.known_usd for task in judged.results.tasks)
        if judged.run.stopped == "cost":
            self._spent_usd = self._course.max_cost_usd  # what is left is less than a call of this candidate costs
        found = candidate_of(entrant.model, judged, limits, expected_per_1k=entrant.expected_per_1k)
        return found if failure is None else _failed(found, failure)

    def _money_left(self) -> float:
        return self._course.max_cost_usd - self._spent_usd

    def _left_by_money(self, entrant: Entrant) -> Candidate | None:
        if entrant.expected_per_1k == 0 or self._money_left() > 0:
            return None
        return _not_asked(entrant, f"the money allowed for the race is spent ({usd(self._course.max_cost_usd)})")


def _with_notes(choice: Choice) -> Choice:
    return replace(choice, notes=tuple(notes(choice)))


def _not_asked(entrant: Entrant, note: str | None) -> Candidate:
    return Candidate(
        model=entrant.model, status="not asked", expected_per_1k=entrant.expected_per_1k, size=entrant.size, note=note
    )


def _left_out(entrant: Entrant, limits: Limits, *, over: bool) -> Candidate | None:
    """A candidate that is not asked because the race is over, or because reading alone costs more than is allowed."""
    if over:
        return _not_asked(entrant, None)
    most, least = limits.max_cost_per_1k, entrant.input_per_1k
    if most is None or least is None or least <= most:
        return None
    note = f"not asked: reading 1,000 questions alone costs about {usd(least)}, at most {usd(most)} is allowed"
    return Candidate(
        model=entrant.model, status="too dear", expected_per_1k=entrant.expected_per_1k, size=entrant.size, note=note
    )


def _failed(found: Candidate, failure: FatalTransportError) -> Candidate:
    """A candidate whose provider failed; that it is unusable was shown all the same, if it was."""
    if found.status == "unusable":
        return found
    step = f"evalkit run --resume {found.run}"
    return replace(found, status="failed", note=str(failure).partition("\n")[0], next_step=step)
