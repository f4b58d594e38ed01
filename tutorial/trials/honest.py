"""Two honest people, Ada and Grace: what they can do before an attack, and whether they still can after it."""

from tutorial.steps import TutorialError

from .people import Person

BEFORE = "before"  # what Ada writes in peace


def honest_people(url: str) -> tuple[Person, Person]:
    """They write to each other, which has to work in peace."""
    ada, grace = Person("Ada"), Person("Grace")
    for person in (ada, grace):
        if not person.open(url):
            raise TutorialError(
                f"The first note of your project cannot be opened: {whose_trouble(person)}. "
                "Attacks are for projects from chapter 6 on that pass `nox -s check`."
            )
    ada.type(f" {BEFORE}")
    if not (ada.is_told_saved() and grace.reads(BEFORE)):
        raise TutorialError(f"Grace cannot read what Ada writes, even in peace: {whose_trouble(ada, grace)}.")
    return ada, grace


def can_write(writer: Person, reader: Person, word: str) -> bool:
    writer.type(f" {word}")
    held = writer.is_told_saved() and reader.reads(word)
    if held:
        print(f"  {reader.name} still reads what {writer.name} writes.")
    else:
        print(f"✗ {reader.name} no longer reads what {writer.name} writes: {whose_trouble(writer, reader)}.")
    return held


def whose_trouble(*people: Person) -> str:
    return "; ".join(f"{person.name}'s connection {person.trouble}" for person in people if person.trouble)
