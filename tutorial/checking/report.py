"""What a check says at its end. What to look at comes first, then what was seen, then where the files differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tutorial.hints import NAME, Hint, find_hints, hints_of, in_terminal
from tutorial.steps import changes, load_steps, solution

from .claims import MOST_FAILURES, function_of, rank
from .differences import Difference, find_differences
from .printed import fault_in, last_line
from .run import Choice, Result
from .sentences import TO_READ, advice, describe, in_plain_words, name_of
from .start import Failure
from .unawaited import Call

MOST_HINTS, MOST_DIFFERENCES = 3, 3


@dataclass(frozen=True)
class Report:
    folder: Path
    chapter: int
    tests: Choice

    def render(self, results: list[Result]) -> str:
        failed = {function_of(result.name): result for result in reversed(results) if not result.passed}
        if failed:
            ordered = sorted(failed.values(), key=lambda result: rank(result.name, result.chapter))
            return "\n".join(self._red(ordered, results))
        return "\n".join(self._green(results))

    def render_failure(self, failure: Failure) -> str:
        hints = find_hints(failure.printed, self.chapter)[:MOST_HINTS]
        lines = [f"✗ {failure.what}", *map(advice, hints), f"  It printed: {last_line(failure.printed)}"]
        found = find_differences(self.folder, self.chapter, self.chapter)
        return "\n".join([*lines, *self._compare(self.chapter, found), TO_READ])

    def render_unawaited(self, calls: list[Call]) -> str:
        found = [
            f"✗ {call.path}, line {call.line}: {call.name}(…) is not awaited, so it is never run.\n"
            f"  Write: await {call.name}(…)"
            for call in calls
        ]
        return "\n".join([*found, "No browser was opened. Fix this first, and check again."])

    # All is well

    def _green(self, results: list[Result]) -> Iterator[str]:
        if not self.tests.is_whole:
            yield from sorted({f"✓ {result.claim} ({name_of(result.chapter)})" for result in results})
        if self.tests.exercise:
            yield f"The exercise of chapter {self.chapter} is solved. Well done."
            yield f"Only the exercise was run. To check the rest: {self._command()}"
            return
        if not self.tests.is_whole:
            yield "These were run, and pass. The other tests and the exercise were not run."
            return
        yield f"All {count(results)} browser tests {self.tests.scope(self.chapter)} pass."
        if not self.tests.with_redis:
            yield "The tests that need a Redis were left out."
        if solution(self.chapter):
            yield f"The exercise is not among them. To check it: {self._command('--exercise')}"
        if self.chapter < len(load_steps()):
            yield f"Next: {name_of(self.chapter + 1)}."

    # Something is wrong

    def _red(self, failed: list[Result], results: list[Result]) -> Iterator[str]:
        told = next((result for result in failed if self._hints(result)), failed[0])
        shown = [result for result in failed if result.chapter == failed[0].chapter or result is told]
        older = [result for result in failed if result not in shown]
        yield self._count(failed, results)
        said: set[Hint] = set()
        for result in shown:
            yield from ["", *self._cause(result, said)]
        if older:
            yield from ["", "These do not pass either, and most likely for the same reason:"]
            yield from (f"✗ {result.claim} ({name_of(result.chapter)})" for result in older)
        if len(failed) >= MOST_FAILURES:
            yield from ["", "The tests after these were not run. Look at the first one first."]
        yield ""
        if self.tests.exercise:
            yield f"A solution is on the page of {name_of(self.chapter)}, under “Exercise”."
        else:
            found = find_differences(self.folder, self.chapter, failed[0].chapter)
            yield from self._nothing_told(failed[0].chapter, found) if not said else ()
            yield from self._compare(failed[0].chapter, found)
            if len(results) > 1:
                only = f'--only "{told.claim.lower()}"'
                yield f"To check only the one to look at: {self._command(only)}"
        yield TO_READ

    def _count(self, failed: list[Result], results: list[Result]) -> str:
        if self.tests.exercise:
            return f"The exercise of chapter {self.chapter} is not solved yet:"
        if count(results) == 1:
            return "The browser test that was run does not pass:"
        passed = count(results) - len(failed)
        those = "This does" if len(failed) == 1 else "These do"
        return f"Of {count(results)} browser tests that were run, {passed} pass{'es' * (passed == 1)}. {those} not:"

    def _cause(self, result: Result, said: set[Hint]) -> Iterator[str]:
        """Leaves out the hints that have been said, and adds its own to them."""
        yield f"✗ {result.claim} ({name_of(result.chapter)})"
        hints = [hint for hint in self._hints(result) if hint not in said]
        said |= set(hints)
        yield from map(advice, hints)
        yield f"  The test says: {in_plain_words(result.message)}"
        yield from (f"  A browser's console: {line}" for line in result.console.splitlines()[:1])
        yield from (f"  The server printed: {line}" for line in [fault_in(result.log)] if line)

    def _hints(self, result: Result) -> list[Hint]:
        printed = f"{result.message}\n{result.console}\n{result.log}"
        return find_hints(printed, self.chapter)[:MOST_HINTS]

    def _nothing_told(self, chapter: int, found: list[Difference]) -> Iterator[str]:
        """What nothing prints, a reader has to recognize. First what names something in a line that differs."""
        names = set(NAME.findall(" ".join(f"{one.yours} {one.theirs}" for one in found if not one.is_under_way)))
        hints = sorted(hints_of(chapter), key=lambda hint: len(hint.names & names), reverse=True)
        if seen := [hint for hint in hints if not hint.is_printed]:
            yield f"Nothing that was printed says why. Seen most in chapter {chapter}:"
            yield from (f"  {in_terminal(hint.seen)} → {in_terminal(hint.advice)}" for hint in seen)

    def _compare(self, failing: int, found: list[Difference]) -> Iterator[str]:
        if found:
            yield f"Your files differ from those of chapter {self.chapter} here:"
        for difference in found[:MOST_DIFFERENCES]:
            yield from describe(difference)
        more = len(found) - MOST_DIFFERENCES
        page = self._page_of(found[0].path) if found else failing
        yield f"Read again: {name_of(page)}."
        rest = f"The other {more} differences" if more > 1 else "The other difference" if more > 0 else "To compare"
        yield f"{rest}: nox -s diff -- {self.chapter} {self.folder}"

    def _page_of(self, path: str) -> int:
        """The newest chapter that shows a file."""
        return max(n for n in range(1, self.chapter + 1) if path in {change.path for change in changes(n)})

    def _command(self, option: str = "") -> str:
        return f"nox -s check -- {self.folder} {option}".rstrip()


def count(results: list[Result]) -> int:
    """How many tests these are, whatever their parameters."""
    return len({function_of(result.name) for result in results})
