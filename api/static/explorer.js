// The explorer's page: GraphiQL, and above it who asks, what is asked, and about whom.
"use strict";

const { createElement: h, useMemo, useState } = React;

const ENDPOINT = "/explorer/graphql";

function Explorer({ samples }) {
  const [agency, setAgency] = useState(samples.agencies[0]?.code ?? "");
  const [question, setQuestion] = useState(0);
  const [person, setPerson] = useState(0);
  const asked = samples.questions[question];
  const about = samples.people[person];
  const fetcher = useMemo(() => (parameters) => ask(agency, parameters), [agency]);
  return h(
    React.Fragment,
    null,
    h(
      "header",
      { className: "bar" },
      h("h1", null, "Sijil explorer"),
      h(Choice, { label: "Ask as", value: agency, choose: setAgency, options: samples.agencies.map(agencyOption) }),
      h(Choice, { label: "Ready question", value: question, choose: indexOf(setQuestion), options: samples.questions.map(titled) }),
      h(Choice, { label: "About", value: person, choose: indexOf(setPerson), options: samples.people.map(named) }),
      h("p", { "aria-live": "polite" }, about ? about.expect : "This instance has no demo.json, so there is nobody to ask about."),
    ),
    h(
      GraphiQL,
      {
        fetcher,
        query: asked.document,
        variables: JSON.stringify(variablesOf(asked, about), null, 2),
        storage: window.sessionStorage,
        isHeadersEditorEnabled: false,
        defaultEditorToolsVisibility: "variables",
      },
      h(GraphiQL.Logo, null, " "),
    ),
  );
}

function Choice({ label, value, choose, options }) {
  return h(
    "label",
    null,
    label,
    h(
      "select",
      { value, onChange: (event) => choose(event.target.value) },
      options.map(([key, text]) => h("option", { key, value: key }, text)),
    ),
  );
}

const indexOf = (set) => (value) => set(Number(value));
const agencyOption = ({ code, name }) => [code, name];
const titled = ({ title }, index) => [index, title];
const named = ({ name, household, variables }, index) => [
  index,
  `${name} (${variables.givenName} ${variables.familyName})${household ? ", in a household" : ""}`,
];

function variablesOf(question, person) {
  return Object.fromEntries(question.variables.map((name) => [name, person?.variables[name] ?? ""]));
}

async function ask(agency, parameters) {
  const answer = await fetch(ENDPOINT, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-demo-agency": agency },
    body: JSON.stringify(parameters),
  });
  return answer.json();
}

async function start() {
  const root = document.getElementById("explorer");
  const answer = await fetch("/explorer/samples.json");
  const samples = await answer.json();
  if (!answer.ok) {
    root.firstElementChild.textContent = `The explorer cannot start: ${samples.message}.`;
    return;
  }
  ReactDOM.createRoot(root).render(h(Explorer, { samples }));
}

start();
