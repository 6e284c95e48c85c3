"""What the rooms say of a form of an agency's people that is to be mended: marked here, so that each language has words for it.

Beside these there are those of `sign_in.py`.
"""

from typing import Final

from api.portal.languages import N_

SAID: Final = (
    # whom it is about
    N_("an IDCS is ten digits"),
    N_("an IDCS starts with a digit from 2 to 9"),
    N_("the check digit of the IDCS is wrong"),
    N_("the first five digits of the IDCS equal its last five"),
    N_("the first five digits of the IDCS equal its last five reversed"),
    N_("the IDCS is one block of two digits five times"),
    N_("the token is ill-formed"),
    N_("the token's key version is unknown"),
    N_("this is not the token of a person"),
    # what is claimed
    N_("at least one claim must identify: a name, a full birth date, a card number or a telephone"),
    N_("a name is in Arabic or Latin letters"),
    N_("a name has letters"),
    N_("a name has at most 20 words"),
    N_("not a date: expected YYYY, YYYY-MM or YYYY-MM-DD"),
    N_("not a date: the year is out of range"),
    N_("not a date: there is no such month"),
    N_("not a date: the month has no such day"),
    N_("not the code of a division"),
    N_("not in the list of codes"),
    N_("holds no letter and no digit"),
    N_("not the number of a national identity card"),
    N_("not the number of a residence permit"),
    N_("not a telephone number: expected a 0 and nine digits, or a + and the country's code"),
    N_("not an e-mail address"),
    N_("not an age: expected whole years, at most 150"),
    N_("this is too long"),
    # what is asked for
    N_("a legal mandate rules here: nobody is asked for consent"),
    N_("there is no published notice for this purpose"),
    N_("the agreement does not grant this attribute"),
    N_("the notice does not name this attribute"),
    N_("expected 1 to 731"),
    N_("expected 1 to 1000000"),
    N_("longer than the notice says"),
    N_("longer than the agreement holds"),
    N_("expected at most 64 of A-Z a-z 0-9 . _ -"),
    # the agency's people
    N_("there is an account with this address"),
    N_("an officer has some of the purposes of the agency's agreement"),
    N_("this officer was removed"),
    N_("no such office that is open"),
    N_("a code is 1 to 32 capital letters, digits, hyphens and underscores within"),
    N_("the agency has an office with this code"),
    N_("no such operator with a mandate"),
    N_("a mandate does not begin in the past"),
    N_("a mandate ends after it begins, and within five years"),
    N_("longer than 100 characters"),
    N_("longer than 400 characters"),
    N_("this key stood for another request"),
)
