import time
from tests.api.serving import *
from tests.api.serving import request_of, ELIGIBILITY
def show(r): print(r.status_code, r.text[:900]); print()
def test_probe(served, cnss, office):
    s=served.subject(0)
    r=cnss.ask(VERIFY,{"r":[request_of(s)],"p":"IDENTITY_PROOFING"})
    print(served.entries(r.json()["extensions"]["requestId"]))
    match=served.agency if 0 else served.enrol(purposes=["IDENTITY_PROOFING"],attributes={"person.given_name":{"uses":["MATCH"]}},mandates={"IDENTITY_PROOFING":["person.given_name"]}).caller()
    for i in (s["idcs"],"2516116556",served.persona("locked")["idcs"]):
        show(match.ask('query($i:String!){person(subject:{idcs:$i},purpose:IDENTITY_PROOFING){sex}}',{"i":i}))
        show(match.ask('query($i:String!){household(subject:{idcs:$i},purpose:IDENTITY_PROOFING){milieu score{value}}}',{"i":i}))
        show(match.ask(ELIGIBILITY,{"r":[{"subject":{"idcs":i},"programme":"ASD"}],"p":"IDENTITY_PROOFING"}))
    c=s["household_code"]
    show(cnss.ask('query($c:String!){household(code:$c,purpose:ELIGIBILITY){score(asOf:"2026-01-01T00:00:00Z"){value} s:score(asOf:"2027-01-01T00:00:00Z"){value}}}',{"c":c}))
    show(cnss.ask('query($c:String!){household(code:$c,purpose:ELIGIBILITY){'+" ".join(f'e{n}:score(asOf:"20{n}-01-01T00:00:00Z"){{value}}' for n in range(20,31))+'}}',{"c":c}))
    show(cnss.ask('query($c:String!){household(code:$c,purpose:ELIGIBILITY){eligibility(programme:"NOPE"){eligible}}}',{"c":c}))
    show(cnss.ask('query($c:String!){household(code:$c,purpose:ELIGIBILITY){members{kinship person{sex name{given{ar}}}} facts{attribute value}}}',{"c":c}))
    t=time.time(); show(cnss.ask("{me{"+"kind "*900+"}}")); print(time.time()-t)
    t=time.time(); show(cnss.ask("{me{"+" ".join(f"a{n}:kind" for n in range(300))+"}}")); print(time.time()-t)
    v=[request_of(s)]*1000
    t=time.time(); r=cnss.ask("query V($r: [VerificationRequest!]!, $p: Purpose!) {"+" ".join(f"a{n}:verify(requests:$r,purpose:$p){{receipt}}" for n in range(5))+"}",{"r":v,"p":"IDENTITY_PROOFING"}); show(r); print(time.time()-t)
    t=time.time(); r=cnss.ask("query V($r: [VerificationRequest!]!, $p: Purpose!) {"+" ".join(f"a{n}:verify(requests:$r,purpose:$p){{receipt}}" for n in range(1))+"}",{"r":v,"p":"IDENTITY_PROOFING"}); show(r); print(time.time()-t)
    show(cnss.http.get("/graphql")); show(cnss.http.get("/nope")); show(cnss.post(b"{}",accept="text/html"))
