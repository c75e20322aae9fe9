// What the pages do besides HTMX: files can be dropped onto a form.
"use strict";

for (const form of document.querySelectorAll("[data-drop]")) {
  const input = form.querySelector("input[type=file]");
  for (const event of ["dragenter", "dragover"]) {
    form.addEventListener(event, (move) => { move.preventDefault(); form.classList.add("over"); });
  }
  for (const event of ["dragleave", "drop"]) {
    form.addEventListener(event, () => form.classList.remove("over"));
  }
  form.addEventListener("drop", (drop) => {
    drop.preventDefault();
    if (drop.dataTransfer.files.length === 0) return;
    input.files = drop.dataTransfer.files;
    form.requestSubmit();
  });
}

document.addEventListener("htmx:sendError", () => {
  const place = document.getElementById("notices");
  const text = document.body.dataset.offline;
  place.replaceChildren(Object.assign(document.createElement("p"), { className: "notice bad", textContent: text }));
});

// A notice of an error goes when the next request goes well.
document.addEventListener("htmx:afterRequest", (done) => {
  if (done.detail.successful) document.getElementById("notices").replaceChildren();
});
