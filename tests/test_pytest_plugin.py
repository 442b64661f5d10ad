from __future__ import annotations

import ast
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy  # noqa: F401  # cannot be imported twice, and each pytest within this one forgets what it imported
import pytest

import evalkit.pytest_plugin
import evalkit.pytest_plugin.fixture
import evalkit.pytest_plugin.suites
from evalkit.engine.baseline import baseline_of
from evalkit.errors import EvalkitError
from evalkit.plan import Scope
from evalkit.pytest_plugin.baselines import Baselines
from evalkit.pytest_plugin.measuring import Measurements, Note, Wanted, read_notes, write_note
from evalkit.pytest_plugin.words import left_out
from evalkit.record import Baseline, write_baseline

pytest_plugins = "pytester"

SUITE = """
suite: desk
threshold: 0.9
claim: set
tasks:
  good:
    prompt: "Say {a}"
    items: [{id: i1, a: x}, {id: i2, a: z}]
    constraints: [one_line]
    perturbations: {noise: {levels: [0.1, 0.2], require: 0.1}}
  bad:
    prompt: "\\e[31m {a} + {b}"
    claim: population
    items: {generate: addition, digits: [1]}
    constraints: [one_line, {number: "{answer}"}]
  close:
    prompt: "Say {a}"
    claim: population
    items: [{id: i4, a: x}, {id: i5, a: z}]
    constraints: [one_line]
"""
ECHO = ("--evalkit", "desk.yaml", "--evalkit-model=echo/x")
# Whether or not the plugin is installed as an entry point.
PLUGIN = ("-p", "no:evalkit", "-p", "evalkit.pytest_plugin", "-p", "no:xdist", "-p", "no:cacheprovider")


@pytest.fixture
def desk(pytester: pytest.Pytester) -> pytest.Pytester:
    (pytester.path / "desk.yaml").write_text(SUITE, encoding="utf-8")
    return pytester


def run(pytester: pytest.Pytester, *given: str, **how: bool) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*PLUGIN, *given, **how)


def runs(pytester: pytest.Pytester) -> list[evalkit.Measured]:
    return [evalkit.open_run(folder) for folder in sorted((pytester.path / "runs").iterdir())]


def test_it_imports_nothing_that_takes_time_before_it_is_asked() -> None:
    tree = ast.parse(Path(evalkit.pytest_plugin.__file__).read_text(encoding="utf-8"))
    at_once = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in at_once if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in at_once if isinstance(node, ast.ImportFrom)}
    assert set() == {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"pytest"}


def test_it_stays_out_of_the_way_when_it_is_not_asked_for(desk: pytest.Pytester) -> None:
    desk.makeini("[pytest]\nevalkit_suites = desk.yaml\nevalkit_model = echo/x\n")
    desk.makepyfile("def test_own(): pass")
    result = run(desk)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*evalkit*")
    assert not (desk.path / "runs").exists()


def test_each_condition_is_an_item_and_its_verdict_the_outcome(desk: pytest.Pytester) -> None:
    result = run(desk, *ECHO, "-v", "-rs", "--junitxml=report.xml")
    result.assert_outcomes(passed=2, failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "evalkit: desk with echo/x; at most 10 USD a run",
            "desk.yaml::good::clean?echo/x? PASSED*",
            "desk.yaml::good::noise@0.1?echo/x? PASSED*",
            "desk.yaml::good::noise@0.2?echo/x? SKIPPED*",
            "desk.yaml::bad::clean?echo/x? FAILED*",
            "bad at clean is unusable: 0.0 % pass, 90.0 % needed",
            "between 0.0 and * % after * trials; margin −* points at best (*",
            "failed at * items, such as:",
            '  ?+?: "\\x1b?31m ? + ?"',
            "    breaks number",
            "close at clean is at the edge: 100.0 % pass, 90.0 % needed",
            "edge at clean: too few items to settle it; add items, or say `claim: set`*",
            "*= evalkit =*",
            "desk.yaml with echo/x: * calls, 0.00 USD, * s",
            "  ✓ usable   good * margin ≥+10.0 at *",
            "  ? edge     close * margin      – at clean, 2 trials*",
            "  runs/*-desk-echo-x",
            "SKIPPED ?1? desk.yaml:6: not asked: it does not count",
        ]
    )
    cases = {case.get("name"): case for case in ElementTree.parse(desk.path / "report.xml").iter("testcase")}
    found = {each.get("name"): each.get("value") for each in cases["clean[echo/x]"].iter("property")}
    assert {"verdict": "edge", "pass_rate": "1.0", "threshold": "0.9", "trials": "2", "margin": "0.1"}.items() <= (
        found.items()
    )
    assert {"low", "high", "margin_low", "margin_high", "run"} <= set(found)


def test_a_shipped_suite_is_known_by_its_name(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--evalkit", "arithmetic::addition::digits@1", "--evalkit-model=baseline/rules")
    assert pytest.ExitCode.OK == result.ret
    result.stdout.fnmatch_lines(["arithmetic *", "arithmetic with baseline/rules: *"])


@pytest.mark.parametrize(("edge", "outcome"), [("pass", "passed"), ("skip", "skipped"), ("xfail", "xfailed")])
def test_an_edge_comes_to_what_is_said(desk: pytest.Pytester, edge: str, outcome: str) -> None:
    desk.makeini(f"[pytest]\nevalkit_edge = {edge}\n")
    run(desk, *ECHO, "-kclose").assert_outcomes(**{outcome: 1}, deselected=4)


def test_only_what_is_chosen_is_asked(desk: pytest.Pytester) -> None:
    run(desk, *ECHO, "-k", "(good or close) and not noise").assert_outcomes(passed=1, failed=1, deselected=3)
    first, second = sorted(runs(desk), key=lambda measured: measured.run.scope.tasks)
    # Of `close` everything is chosen, of `good` a part: each is a run of its own, so that neither is asked too much.
    assert (("close",), ()) == (first.run.scope.tasks, first.run.scope.conditions)
    assert (("good",), ("clean",)) == (second.run.scope.tasks, second.run.scope.conditions)


def test_a_suite_among_the_arguments_is_chosen_by_node_id(desk: pytest.Pytester) -> None:
    desk.makeini("[pytest]\nevalkit_suites = other.yaml\nevalkit_model = echo/x\n")
    desk.makepyfile("def test_own(): pass")
    run(desk, "desk.yaml::good::clean", "--evalkit").assert_outcomes(passed=1)


def test_paths_of_the_ini_file_hold_wherever_pytest_is_started(
    desk: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.makeini("[pytest]\nevalkit_suites = desk.yaml\nevalkit_model = echo/x\nevalkit_out = runs\n")
    monkeypatch.chdir(desk.mkdir("elsewhere"))
    run(desk, "--evalkit", "-kgood").assert_outcomes(passed=2, skipped=1, deselected=2)
    assert 1 == len(runs(desk))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--evalkit",), "no suite is named; expected one among the arguments"),
        (
            (
                "--evalkit",
                "desk.yaml",
            ),
            "no model is named; expected --evalkit-model PROVIDER/NAME",
        ),
        (("--evalkit", "none.yaml", "--evalkit-model=echo/x"), "none.yaml: no such file"),
        (("--evalkit", "desk.yaml", "--evalkit-model=nobody/x"), 'no adapter "nobody"'),
        ((*ECHO, "--evalkit-setting=x"), "--evalkit-setting x: found no KEY=VALUE"),
        ((*ECHO, "--evalkit-max-cost=nan"), "found max_cost nan, expected a positive number"),
        ((*ECHO, "-o", "evalkit_edge=fial"), "found 'fial'. Did you mean \"fail\"?"),
        (("--evalkit", "arithmetik", "--evalkit-model=echo/x"), 'Did you mean "arithmetic"?'),
        (("--evalkit", "arithmetic::nothing", "--evalkit-model=baseline/rules"), "not found: arithmetic::nothing"),
        ((*ECHO, "--evalkit-baseline=none.json"), "none.json: no such baseline"),
        ((*ECHO, "--evalkit-strict"), "--evalkit-strict: says nothing without --evalkit-baseline"),
        ((*ECHO, "--evalkit-tolerance=2", "-o", "evalkit_baseline=x"), "found '2', expected a share from 0 to below 1"),
    ],
)
def test_what_is_named_wrongly_is_said_before_anything_is_asked(
    desk: pytest.Pytester, given: tuple[str, ...], said: str
) -> None:
    result = run(desk, *given)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    assert said in result.stderr.str()
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert not (desk.path / "runs").exists()


def test_a_model_without_answers_is_an_error_and_no_failure(desk: pytest.Pytester) -> None:
    desk.makepyfile(app="def answer(messages, options): raise OSError('no network')")
    model = ("--evalkit", "desk.yaml", "--evalkit-model=python:app.py:answer", "--evalkit-allow-code")
    result = run(desk, *model, "-kgood")
    result.assert_outcomes(errors=3, deselected=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at setup of good at clean*",
            "*trials so far are void*",
            "What was answered is kept; go on with:",
            "  pytest … --evalkit-reuse runs/*",
            "desk.yaml with python:app.py:answer: not measured",
            "  pytest … --evalkit-reuse runs/*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    assert 1 == len(list((desk.path / "runs").iterdir()))


def test_an_interrupted_run_says_how_to_go_on(desk: pytest.Pytester) -> None:
    desk.makepyfile(
        app="""
        import os, signal, threading
        calls = []
        def answer(messages, options):
            calls.append(1)
            if len(calls) == 2:
                os.kill(os.getpid(), signal.SIGINT)
            return "two\\nlines"
        """
    )
    model = ("--evalkit", "desk.yaml", "--evalkit-model=python:app.py:answer", "--evalkit-allow-code")
    result = run(desk, *model, "-kbad", no_reraise_ctrlc=True)
    assert pytest.ExitCode.INTERRUPTED == result.ret
    (measured,) = runs(desk)
    assert measured.interrupted
    result.stdout.fnmatch_lines([f"  pytest … --evalkit-reuse runs/{measured.folder.name}"])


def test_a_test_measures_by_itself(desk: pytest.Pytester) -> None:
    desk.makepyfile(
        """
        import pytest

        def shout(messages, settings):
            assert {"temperature": 1} == settings
            return messages[-1]["content"].upper()

        class Whisper:
            async def __call__(self, messages, settings):
                return "two\\nlines"

        def test_by_name(evalkit):
            measured = evalkit.run("desk.yaml", "echo/x", tasks="good")
            assert measured is evalkit.run("desk.yaml", "echo/x", tasks=["good"])
            evalkit.assert_usable(measured, "good")

        def test_own_function(evalkit):
            measured = evalkit.run("desk.yaml", shout, tasks="close", settings={"temperature": 1}, limit=1)
            assert (measured.run.model, measured.run.seed) == ("python:test_a_test_measures_by_itself.shout", 0)
            assert measured.results.totals.calls == 1

        def test_unusable(evalkit):
            evalkit.assert_usable(evalkit.run("desk.yaml", Whisper(), tasks="good", conditions="clean"))

        def test_edge(evalkit):
            evalkit.assert_usable(evalkit.run("desk.yaml", "echo/x", tasks="close"))
        """
    )
    result = run(desk, "--evalkit-edge=skip")
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["good at clean is unusable: 0.0 % pass*", "*= evalkit =*", "desk.yaml with python:*"])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.slow
def test_the_example_of_the_page_ends_as_it_says(pytester: pytest.Pytester) -> None:
    page = (Path(evalkit.pytest_plugin.__file__).parents[2] / "docs" / "pytest.md").read_text(encoding="utf-8")
    (pytester.path / "suites").mkdir()
    for name, text in re.findall(r"^```\w+ (\S+)\n(.*?)^```$", page, re.M | re.S):
        (pytester.path / name).write_text(text, encoding="utf-8")
    model = ("--evalkit", "--evalkit-model=python:app.py:answer", "--evalkit-allow-code")
    result = run(pytester, "suites/sums.yaml", "test_app.py", *model)
    result.assert_outcomes(passed=5, failed=1, skipped=1)
    shown = page.partition("___ subtraction at")[2].partition("\n")[2].partition("run: ")[0]
    assert shown in result.stdout.str()


def test_answers_that_never_came_are_no_failure_of_the_model(desk: pytest.Pytester) -> None:
    items = ", ".join(f"{{a: x{n}}}" for n in range(100))
    task = f'{{prompt: "{{a}}", items: [{items}], constraints: [one_line]}}'
    (desk.path / "sums.yaml").write_text(f"suite: sums\nthreshold: 0.95\ntasks: {{add: {task}}}", encoding="utf-8")
    desk.makepyfile(
        app="""
        calls = []
        def answer(messages, options):
            calls.append(messages[-1]["content"])
            if messages[-1]["content"] in calls[65:66]:
                raise OSError("no network")
            return "7"
        """
    )
    model = ("--evalkit", "sums.yaml", "--evalkit-model=python:app.py:answer", "--evalkit-allow-code")
    result = run(desk, *model)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["add at clean was not judged: * brought no answer", "Ask again *", "  pytest … --evalkit-reuse runs/*"]
    )


def wished(folder: Path, **given: object) -> Wanted:
    (folder / "desk.yaml").write_text(SUITE, encoding="utf-8")
    scope = Scope(tasks=("good",))
    return Wanted(suite=str(folder / "desk.yaml"), model="echo/x", scope=scope, settings={}, out=folder / "runs")


ADDING = """
suite: adding
threshold: 0.3
precision: 0.08
tasks:
  same: {prompt: "{a} + {b}?", items: {generate: addition, digits: [2]}, constraints: [{number: "{answer}"}]}
  fell: {prompt: "Sum: {a} + {b}?", items: {generate: addition, digits: [2]}, constraints: [{number: "{answer}"}]}
"""
ADDER = """
import re
def answer(messages, settings):
    first, second = map(int, re.findall("[0-9]+", messages[-1]["content"]))
    return "none" if "Sum" in messages[-1]["content"] and first % 2 == FELL else str(first + second)
"""


@pytest.fixture(scope="module")
def could_add(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    """A model that can add, measured."""
    folder = tmp_path_factory.mktemp("before")
    (folder / "adding.yaml").write_text(ADDING, encoding="utf-8")
    (folder / "app.py").write_text(ADDER.replace("FELL", "2"), encoding="utf-8")
    scope = Scope(until="margin")
    model = f"python:{folder / 'app.py'}:answer"
    suite, out = str(folder / "adding.yaml"), folder / "runs"
    wanted = Wanted(suite=suite, model=model, scope=scope, settings={}, out=out, seed=3, allow_code=True)
    made = baseline_of(Measurements(folder / "shared").measure(wanted).folder)
    return made.model_copy(update={"model": "python:app.py:answer"})


@pytest.fixture
def before(pytester: pytest.Pytester, could_add: Baseline) -> str:
    """The same, now that the model cannot always."""
    (pytester.path / "adding.yaml").write_text(ADDING, encoding="utf-8")
    (pytester.path / "app.py").write_text(ADDER.replace("FELL", "1"), encoding="utf-8")
    write_baseline(pytester.path / "before.json", could_add)
    return "before.json"


ADDED = ("--evalkit", "adding.yaml", "--evalkit-model=python:app.py:answer", "--evalkit-allow-code")


def test_an_item_that_got_worse_fails_though_it_is_usable(pytester: pytest.Pytester, before: str) -> None:
    pytester.makeini(f"[pytest]\nevalkit_baseline = {before}\n")
    result = run(pytester, *ADDED, "--evalkit-tolerance=0.01", "-v", "--junitxml=report.xml")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "evalkit: compared with before.json*; a pass rate may be lower by 1 point",
            "adding.yaml::same::clean?python:app.py:answer? PASSED*",
            "adding.yaml::fell::clean?python:app.py:answer? FAILED*",
            "fell at clean got worse by more than 1 point",
            "changed by −* to −* points (* pairs), of which * got worse and 0 better",
            "compared with before.json*",
            "failed at * items that passed in the baseline, such as:",
            '  *+*: "none"',
            "    breaks number",
            "  ✓ usable   fell *",
            "  compared with before.json: unclear: same; regressed: fell",
        ]
    )
    cases = ElementTree.parse(pytester.path / "report.xml").iter("testcase")
    found = {each.get("name"): each.get("value") for each in list(cases)[1].iter("property")}
    assert ("usable", "regressed") == (found["verdict"], found["regression"])
    assert float(str(found["difference_low"])) < float(str(found["difference"])) < float(str(found["difference_high"]))
    (measured,) = runs(pytester)
    assert (3, 0.01) == (measured.run.seed, measured.run.gate and measured.run.gate.tolerance)


def test_an_item_that_is_not_shown_to_have_held_is_at_the_edge_when_strict(
    pytester: pytest.Pytester, before: str
) -> None:
    with_it = (*ADDED, f"--evalkit-baseline={before}", "-ksame", "-rs")
    result = run(pytester, *with_it, "--evalkit-strict", "--evalkit-edge=skip")
    result.assert_outcomes(skipped=1, deselected=1)
    result.stdout.fnmatch_lines(["SKIPPED*: same at clean is not shown to have held its baseline"])


def test_a_test_compares_by_itself(pytester: pytest.Pytester, before: str) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        def test_fell(evalkit):
            how = {{"allow_code": True, "baseline": {before!r}}}
            measured = evalkit.run("adding.yaml", "python:app.py:answer", **how)
            evalkit.assert_usable(measured)
            evalkit.assert_not_worse(measured, "same")
            evalkit.assert_not_worse(measured)

        def test_nothing(evalkit):
            with pytest.raises(ValueError, match="compared with nothing"):
                evalkit.assert_not_worse(evalkit.run("adding.yaml", lambda messages, settings: "1", limit=1))
        """
    )
    result = run(pytester)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["fell at clean got worse by more than 2 points"])


def test_of_several_baselines_of_a_suite_that_of_the_model_is_taken(tmp_path: Path) -> None:
    made = baseline_of(Measurements(tmp_path / "shared").measure(wished(tmp_path)).folder)
    other = made.model_copy(update={"model": "echo/y"})
    both = Baselines(known={"x": made, "y": other}, tolerance=0.02, strict=False)
    assert ["x", "y", None] == [
        both.name_of(*each) for each in (("desk", "echo/x"), ("desk", "echo/y"), ("else", "echo/x"))
    ]
    with pytest.raises(EvalkitError, match="found 2 baselines of suite desk for echo/z: x, y"):
        both.name_of("desk", "echo/z")
    assert both.gate_for("desk", "echo/x", ["good"])
    assert both.gate_for("desk", "echo/x", ["new"]) is None


def test_another_process_of_the_session_reads_what_was_measured(tmp_path: Path) -> None:
    wanted, shared = wished(tmp_path), tmp_path / "shared"
    measured = Measurements(shared).measure(wanted)
    assert measured.folder == Measurements(shared).measure(wanted).folder
    assert ["ended"] == [note.state for note in read_notes(shared)]


def test_what_failed_is_not_tried_again_by_another_process(tmp_path: Path) -> None:
    wanted, shared = wished(tmp_path), tmp_path / "shared"
    (tmp_path / "desk.yaml").unlink()
    with pytest.raises(EvalkitError, match="no such file"):
        Measurements(shared).measure(wanted)
    wished(tmp_path)
    with pytest.raises(EvalkitError, match="no such file"):
        Measurements(shared).measure(wanted)


def test_what_a_process_left_unfinished_is_begun_anew_with_its_answers(tmp_path: Path) -> None:
    wanted, shared = wished(tmp_path), tmp_path / "shared"
    first = Measurements(shared).measure(wanted)
    write_note(shared / wanted.key, Note(suite="desk", model="echo/x", folder=str(first.folder), state="begun"))
    second = Measurements(shared).measure(wanted)
    assert (0, first.results.verdict) == (second.results.totals.calls, second.results.verdict)
    assert first.folder != second.folder


def test_an_item_without_a_verdict_of_its_own_says_why(tmp_path: Path) -> None:
    measured = Measurements(tmp_path / "shared").measure(wished(tmp_path))
    clean, _, explored = measured.results.tasks[0].conditions
    decided = replace(clean, verdict="edge", reason="task-decided")
    assert "not asked: it does not count" == left_out(replace(explored, trials=0))
    assert "not asked: the task was decided before" == left_out(replace(decided, trials=0))
    assert "the task was decided before this condition was: 100.0 % pass in 2 trials so far" == left_out(decided)
    assert "explored only, does not count: 100.0 % pass in 2 trials, usable" == left_out(explored)


@pytest.mark.slow
@pytest.mark.parametrize("distribution", ["load", "loadgroup"])
def test_workers_share_a_run(desk: pytest.Pytester, distribution: str) -> None:
    desk.makepyfile("\n".join(f"def test_{n}(evalkit): evalkit.run('desk.yaml', 'echo/y')" for n in range(4)))
    plugin = ("-p", "no:evalkit", "-p", "evalkit.pytest_plugin")
    result = desk.runpytest_subprocess(*plugin, "-n3", f"--dist={distribution}", *ECHO, ".")
    result.assert_outcomes(passed=6, failed=2, skipped=1)
    assert ["echo/x", "echo/y"] == sorted(measured.run.model for measured in runs(desk))
    result.stdout.fnmatch_lines(["*= evalkit =*", "desk.yaml with echo/*", "desk.yaml with echo/*"])
