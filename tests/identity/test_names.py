import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.names import Name, Script, folded, is_foreign, script_of, sound_key, unified
from identity.sounds import alike

# Each line: spellings of one name that fold to the same.
SAME = """
El Amrani = Elamrani = Al-Amrani = el amrani = EL-AMRANI = Él Amrânî = El. Amrani = Al Amrani
العمراني = العمرانى = العُمْرَانِيّ = العمـــراني = ال عمراني = العمرانی
Ben Ali = Benali = Ben-Ali = BEN ALI = Bin Ali = Ibn Ali = ben'ali
بن علي = بنعلي = ابن علي = إبن علي = بن على
Abd el Kader = Abdelkader = Abd-El-Kader = Abdul Kader = Abdulkader = Abdel Kader = Abd al Kader = Abdalkader = Abdoul Kader
عبد القادر = عبدالقادر = عبد ال قادر = عَبْد القادِر
Abdellah = Abdallah = Abdullah = Abd Allah = Abd-Ellah = Abdoullah
عبد الله = عبدالله
Aït Ahmed = Ait Ahmed = Aitahmed = AÏT-AHMED = Ayt Ahmed
أيت احمد = ايت أحمد = آيت أحمد = أيتأحمد
Oulad Ali = Ouled Ali = Ouladali
أولاد علي = اولاد علي = أولادعلي
Ould Bachir = Ouldbachir
Bent Ahmed = Bint Ahmed = Bentahmed
بنت احمد = بنتأحمد
Bou Azza = Bouazza
Bel Haj = Belhaj
Abou Bakr = Aboubakr = Abu Bakr
أبو بكر = ابو بكر = أبوبكر
Nour Eddine = Noureddine = Nour-Eddine = Nour Ed-Dine = Nour El Dine = NOUR EDDINE
نور الدين = نورالدين
Nasr Allah = Nasrallah
Er-Rachidi = Errachidi = Er Rachidi
Es-Saadi = Essaadi
Fatima Zahra = Fatima-Zahra = Fatimazahra = Fatima Ez-Zahra = Fatima Ezzahra = Fatima El Zahra
فاطمة الزهراء = فاطمه الزهراء = فاطمةالزهراء = فاطمة الزهرا
Saïd = Said = SAÏD = sa'id = Sa‘id = Sa’id
Naïma = Naima = NAIMA
M'hamed = Mhamed = M’hamed = M`hamed = Mʿhamed
Hélène = Helene = HÉLÈNE
François = Francois
Cœur = Coeur
أحمد = احمد = أحـمـد = أَحْمَد = ٱحمد
إبراهيم = ابراهيم = إبراهیم
آمنة = امنة = امنه = أمنة
فاطمة = فاطمه = فاطمۃ
ليلى = ليلي = ليلی
مصطفى = مصطفي
عائشة = عايشة = عايشه
فؤاد = فواد
زكرياء = زكريا
أسماء = اسماء = أسما
محمد = مُحَمَّد = محمـد = ﻣﺤﻤﺪ = محمد‌
كريم = کریم = كَرِيم
أڭومي = أكومي = أگومي
Mr Amrani = Amrani = Mr. Amrani = AMRANI
Dr Idris = Idris = Docteur Idris
Mme Naima = Mlle Naima = Naima
Haj Ahmed = Hajj Ahmed = El Haj Ahmed = Ahmed = Hadj Ahmed
الحاج محمد = محمد = السيد محمد = الدكتور محمد
الحاجة فاطمة = فاطمة = السيدة فاطمة
أحمد ٣ = احمد 3 = أحمد ۳
Ａｈｍｅｄ = Ahmed
"""

# Pairs that must not fold to the same.
OTHER = """
Amrani / Aani
Idris / Iis
Ali / Alami
Ali / Al
El Ali / Elias
Ali / El Ali
Ben Yamin / Yamin
Benyamin / Yamin
Benali / Ali
Moulay Ahmed / Ahmed
Sidi Mohamed / Mohamed
Lalla Aicha / Aicha
Dris / Dr
Mrabet / Abet
Prosper / Osper
Hajar / Ar
Hajji / Ji
Samir / Samira
Abdou / Abdel
Aitana / Ana
Ahmed Ali / Ahmed
ali ali hassan / ali hassan hassan
علي / عالي
علي علي حسن / علي حسن حسن
سعيد / سعد
محمد / احمد
الياس / ياس
نور / نورة
بنعلي / علي
Nour / Noureddine
Dine / Eddine
"""


def spellings():
    for line in SAME.strip().splitlines():
        first, *others = (name.strip() for name in line.split(" = "))
        yield from ((first, other) for other in others)


def pairs(table, sign):
    return [tuple(name.strip() for name in line.split(sign)) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("one", "other"), spellings())
def test_spellings_of_one_name_fold_to_the_same(one, other):
    assert sorted(folded(one)) == sorted(folded(other))


@pytest.mark.parametrize(("one", "other"), pairs(OTHER, " / "))
def test_other_names_stay_other_names(one, other):
    assert sorted(folded(one)) != sorted(folded(other))
