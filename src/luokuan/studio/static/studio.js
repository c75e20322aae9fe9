// What the pages do besides HTMX: files can be dropped onto a form, works chosen together.
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

// One box chooses all works that are shown; without scripts it isn't there.
for (const all of document.querySelectorAll("[data-all]")) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of document.getElementsByName(all.dataset.all)) box.checked = all.checked;
  });
}

// Whoever chooses a work is shown what can be done with it.
document.addEventListener("change", (change) => {
  if (change.target.name !== "work" || !change.target.checked) return;
  const place = document.querySelector("details.selection");
  if (place) place.open = true;
});

document.addEventListener("htmx:sendError", () => {
  const place = document.getElementById("notices");
  const text = document.body.dataset.offline;
  place.replaceChildren(Object.assign(document.createElement("p"), { className: "notice bad", textContent: text }));
});

// A notice of an error goes when the next request goes well.
document.addEventListener("htmx:afterRequest", (done) => {
  if (done.detail.successful) document.getElementById("notices").replaceChildren();
});

// A job that goes on is followed: numbers, texts piece by piece, and parts of the page as they come. What ends, or can't
// be followed any more, is loaded once more.
const followed = new Map();

let held = false; // whether the keyboard was in what is exchanged
document.addEventListener("htmx:beforeSwap", (swap) => {
  const place = swap.detail.target;
  held = place.id === "job" && place.contains(document.activeElement);
});

function again(live) {
  const done = htmx.ajax("GET", live.dataset.again, { target: live, swap: "outerHTML" });
  Promise.resolve(done).catch(() => {}).finally(() => {
    if (live.isConnected) setTimeout(() => live.isConnected && again(live), 4000);
  });
}

function follow(live) {
  const source = new EventSource(live.dataset.follow);
  const part = (name) => live.querySelector(`[data-part=${name}]`);
  followed.set(live, source);
  source.addEventListener("progress", (event) => {
    const now = JSON.parse(event.data);
    const said = document.getElementById("said");
    if (said && said.textContent !== now.says) said.textContent = now.says;
    part("bar").value = now.percent;
    for (const name of ["says", "percent", "left", "message"]) part(name).textContent = now[name];
    live.className = `job ${now.state}`;
  });
  source.addEventListener("begin", () => live.querySelector("#texts").replaceChildren());
  source.addEventListener("text", (event) => {
    const piece = JSON.parse(event.data);
    const texts = live.querySelector("#texts");
    let place = document.getElementById(`text-${piece.place}`);
    if (!place) {
      place = Object.assign(document.createElement("pre"), { className: "words", id: `text-${piece.place}`, tabIndex: 0 });
      place.setAttribute("aria-label", texts.dataset.written);
      texts.append(place);
    }
    place.textContent += piece.text;
  });
  source.addEventListener("part", (event) => {
    const piece = JSON.parse(event.data);
    const place = live.querySelector(`#${piece.into}`);
    if (piece.instead) document.getElementById(piece.instead)?.remove();
    if (piece.into === "results") {
      place.insertAdjacentHTML("beforeend", piece.html);
      live.querySelector("#preview").replaceChildren(); // of this work: now it is there
    } else place.innerHTML = piece.html;
    htmx.process(place);
  });
  source.addEventListener("end", () => { source.close(); again(live); });
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(() => live.isConnected && again(live), 4000); };
}

htmx.onLoad((root) => {
  if (held && root.id === "job") document.getElementById("job-title").focus();
  for (const [live, source] of followed) {
    if (!live.isConnected) { source.close(); followed.delete(live); }
  }
  const found = root.matches("[data-follow]") ? [root] : root.querySelectorAll("[data-follow]");
  for (const live of found) if (!followed.has(live)) follow(live);
});
