"""Where invented people live: how many in each province, how many of them in towns, and what their addresses look like.

Populations are round figures near the censuses of 2014 and 2024. Letters of national cards are attributed to provinces so that
no two share them; letters "ZZ" are attributed to none.
"""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random  # noqa: TID251 (seeded by who asks: a demonstration must be repeatable)

from core.errors import Invalid
from identity.divisions import Division, Level, built_in
from registry.facts import Milieu

# Province: thousands of inhabitants, percent in towns, letters of its national cards.
_PROVINCES: dict[str, tuple[int, int, str]] = {
    "01.051": (400, 37, "R"), "01.151": (460, 14, "LC"), "01.227": (80, 0, "KB"), "01.331": (500, 54, "LA"),
    "01.405": (300, 33, "GM"), "01.511": (1150, 94, "K"), "01.571": (560, 72, "L"), "01.573": (215, 91, "LF"),
    "02.113": (290, 64, "FB"), "02.167": (210, 32, "SD"), "02.251": (135, 54, "FG"), "02.265": (215, 45, "ZG"),
    "02.275": (107, 66, "FJ"), "02.381": (570, 70, "S"), "02.411": (560, 93, "F"), "02.533": (230, 66, "FA"),
    "03.061": (840, 84, "D"), "03.131": (195, 36, "CB"), "03.171": (250, 60, "DH"), "03.231": (1180, 98, "C CD"),
    "03.271": (155, 60, "DI"), "03.451": (287, 58, "CS"), "03.531": (650, 15, "ZT"), "03.561": (520, 40, "Z"),
    "03.591": (180, 8, "CM"), "04.281": (1120, 54, "G"), "04.291": (540, 53, "X"), "04.421": (555, 100, "A"),
    "04.441": (1020, 94, "AB AE"), "04.481": (520, 36, "GK"), "04.491": (325, 46, "GS"), "04.501": (620, 91, "AD"),
    "05.081": (545, 20, "IA"), "05.091": (555, 55, "I"), "05.255": (500, 46, "IB"), "05.301": (365, 60, "V"),
    "05.311": (540, 73, "Q"), "06.111": (240, 49, "TA"), "06.117": (530, 65, "WA"), "06.141": (3300, 100, "B BE BH BJ BK"),
    "06.181": (800, 44, "M"), "06.355": (210, 65, "BM"), "06.371": (420, 75, "T"), "06.385": (400, 85, "BN"),
    "06.461": (625, 41, "W"), "06.467": (445, 20, "MC"), "07.041": (590, 18, "EA"), "07.161": (365, 17, "EC"),
    "07.191": (535, 28, "Y"), "07.211": (440, 25, "N"), "07.351": (1370, 76, "E EE"), "07.427": (315, 39, "YA"),
    "07.431": (690, 52, "H"), "07.585": (250, 41, "HY"), "08.201": (420, 52, "U"), "08.363": (285, 49, "VM"),
    "08.401": (295, 42, "P"), "08.577": (320, 30, "PB"), "08.587": (300, 20, "PA"), "09.001": (650, 80, "J"),
    "09.163": (395, 30, "JK"), "09.273": (590, 95, "JB"), "09.541": (830, 33, "JT"), "09.551": (112, 38, "JY"),
    "09.581": (205, 42, "JE"), "10.071": (45, 75, "JZ"), "10.261": (190, 70, "JA"), "10.473": (105, 36, "JF"),
    "10.521": (87, 92, "JD"), "11.121": (55, 85, "SB"), "11.221": (70, 88, "SL"), "11.321": (260, 97, "SH"),
    "11.537": (15, 50, "ST"), "12.066": (17, 20, "OA"), "12.391": (145, 92, "OD"),
}  # fmt: skip

# Mean sizes of a household: a household is drawn where a person was counted, so populations are divided by them.
_MEAN_SIZE = {Milieu.URBAN: 3.75, Milieu.RURAL: 4.55}

_STREETS = (
    "Rue Ibn Sina", "Rue Al Farabi", "Rue Ibn Batouta", "Avenue des Orangers", "Rue de la Palmeraie", "Avenue de l'Atlas",
    "Rue des Potiers", "Rue Al Andalous", "Avenue du Rif", "Rue des Amandiers", "Rue Al Moutanabi", "Avenue de la Corniche",
    "Rue Zellaqa", "Rue des Oliviers", "Avenue Al Qods", "Rue Sebou", "Rue Oum Errabia", "Rue Moulouya",
)  # fmt: skip
_QUARTERS = (
    "Hay Salam", "Hay Nahda", "Hay Mohammadi", "Hay Al Amal", "Hay Riad", "Lotissement Al Wifaq", "Hay Essaada", "Derb Jdid",
    "Lotissement Ennour", "Hay Al Massira", "Hay Al Qods", "Lotissement Al Baraka", "Médina", "Hay Al Farah",
)  # fmt: skip
_DOUARS = (
    "Douar Oulad Ali", "Douar Aït Hmad", "Douar Tizi", "Douar Laarab", "Douar Oulad Yahia", "Douar Aït Moussa", "Douar Taddart",
    "Douar Bni Oukil", "Douar Lahmar", "Douar Sidi Bou Ali", "Douar Aghbalou", "Douar Oulad Hamou", "Douar Taghzout",
    "Douar Ighrem", "Douar Lakhdar", "Douar Aïn Jdida", "Douar Oulad Rahou", "Douar Tamazirt",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """The towns or the countryside of one province, and the divisions that people there reside in."""

    province: Division
    milieu: Milieu
    residences: tuple[Division, ...]  # communes where they are known, else the province


class Territory:
    """Draws places in proportion to the households of the country."""

    def __init__(self, communes: Sequence[Division] = ()) -> None:
        """With communes, only provinces and milieux that have some. Invalid if none is left, or a province is unknown."""
        provinces = {division.code: division for division in built_in() if division.level is Level.PROVINCE}
        towns: dict[tuple[str, Milieu], list[Division]] = {}
        for number, commune in enumerate(communes):
            if commune.milieu is None:
                continue
            if commune.parent not in provinces:
                raise Invalid("a commune of no known province", path=("communes", number))
            towns.setdefault((commune.parent, Milieu(commune.milieu)), []).append(commune)
        if communes and not towns:
            raise Invalid("no commune with a milieu among the divisions", path=("communes",))
        weights = []
        places = []
        for code, (thousands, urban, _) in _PROVINCES.items():
            for milieu, percent in ((Milieu.URBAN, urban), (Milieu.RURAL, 100 - urban)):
                residences = towns.get((code, milieu), []) if towns else [provinces[code]]
                if percent and residences:
                    places.append(Place(provinces[code], milieu, tuple(residences)))
                    weights.append(thousands * percent / _MEAN_SIZE[milieu])
        self._places = tuple(places)
        self._cumulative = tuple(accumulate(weights))
        if not places:
            raise Invalid("nobody lives in these communes", path=("communes",))

    def draw(self, rng: Random) -> Place:
        return self._places[bisect(self._cumulative, rng.random() * self._cumulative[-1])]


CARD_LETTERS = {code: tuple(letters.split()) for code, (_, _, letters) in _PROVINCES.items()}


def address(rng: Random, place: Place, residence: Division) -> str:
    """An address line that leads nowhere: the street or douar is of our list, the town is real."""
    if place.milieu is Milieu.RURAL:
        return f"{_DOUARS[int(rng.random() * len(_DOUARS))]}, {residence.name_fr}"
    street = _STREETS[int(rng.random() * len(_STREETS))]
    quarter = _QUARTERS[int(rng.random() * len(_QUARTERS))]
    return f"{1 + int(rng.random() * 250)}, {street}, {quarter}, {residence.name_fr}"
