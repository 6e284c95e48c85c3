"""Parts of a record as they are shown: of a change what was and what becomes, of an instant the whole. Through a disclosure."""

from collections.abc import Collection

from access.disclosure import Disclosure, Withheld
from identity.people import Name, PersonView, ScriptedText
from identity.revisions import STATUS, Change, Values, attribute_of
from identity.store import PARTS

_NAMES = {"person.given_name": "given", "person.family_name": "family"}
ATTRIBUTES = (*PARTS, STATUS)


def both_views(disclosure: Disclosure, change: Change, wanted: Collection[str]) -> tuple[PersonView, PersonView]:
    """What was and what becomes: just the wanted ones of the attributes that the change touches."""
    touched = {attribute_of(part) for part in change} & set(wanted)
    was = {part: pair[0] for part, pair in change.items()}
    becomes = {part: pair[1] for part, pair in change.items()}
    return view_of(disclosure, was, touched), view_of(disclosure, becomes, touched)


def view_of(disclosure: Disclosure, values: Values, wanted: Collection[str]) -> PersonView:
    """The wanted attributes out of these values. Places are codes yet: see `people.name_places`."""
    view = PersonView()
    name = Name()
    for attribute in ATTRIBUTES:
        if attribute not in wanted:
            continue
        if attribute in _NAMES:
            script = [values.get(f"{attribute}:{script}") for script in ("ar", "latin")]
            found = disclosure.reveal(attribute, lambda _, script=script: script)  # type: ignore[misc]
            setattr(name, _NAMES[attribute], found if isinstance(found, Withheld) else ScriptedText(*found))
            view.name = name
        else:
            value = values.get(attribute)
            setattr(view, attribute.removeprefix("person."), disclosure.reveal(attribute, lambda _, value=value: value))  # type: ignore[misc]
    return view
