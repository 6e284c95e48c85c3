"""One request for many papers: each takes its time, and they are made one after the other."""

from collections.abc import Iterator

import pytest

from tests.api.citizens import Town
from tests.api.serving import Instance
from tests.api.test_attestations_http import issued


@pytest.fixture(scope="module")
def town(attacked: Instance) -> Iterator[Town]:
    made = Town.of(attacked)
    yield made
    made.close()


def test_a_paper_is_made_once_however_often_it_is_named(town: Town) -> None:
    browser = town.citizen(town.person())
    its = [issued(browser)["id"] for _ in range(4)]
    names = " ".join(f"p{n}: pdf" for n in range(150))
    body = browser.ask(f'{{ me {{ attestation(id: "{its[0]}") {{ {names} }} }} }}').json()
    papers = set(body["data"]["me"]["attestation"].values())
    assert len(papers) == 1
    assert None not in papers
    each = " ".join(f'a{n}: attestation(id: "{id_}") {{ pdf }}' for n, id_ in enumerate(its))
    body = browser.ask(f"{{ me {{ {each} }} }}").json()
    assert "TOO_COSTLY" in {error["extensions"]["code"] for error in body["errors"]}, "papers without end"
