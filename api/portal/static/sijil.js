// Pages work without this. It keeps a form from being sent twice, and says once more what went wrong.
"use strict";

// A second press while the first is under way sends nothing. (The server would take it as the same one, by its requestKey.)
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-once")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
});

// A page that comes back from the browser's memory may be sent anew.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

// Where browsers do not honour `autofocus` on what is no field.
const errors = document.getElementById("errors");
if (errors) errors.focus();

// A link of the summary leads into its field, not just to it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("#errors a");
  const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!field) return;
  event.preventDefault();
  (field.closest(".field") || field).scrollIntoView();
  field.focus({ preventScroll: true });
});
