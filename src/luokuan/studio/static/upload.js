// Brings a folder or a zip file in pieces, and goes on where an earlier attempt broke off. A folder becomes a zip file
// on the way: nothing is packed, so that its length is known before its first byte is read.
"use strict";

const TABLE = new Uint32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});
const STEP = 1 << 20;

function crc(bytes, before) {
  let value = ~before;
  for (let index = 0; index < bytes.length; index++) value = TABLE[(value ^ bytes[index]) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}

async function checksum(file) {
  let value = 0;
  for (let at = 0; at < file.size; at += STEP) {
    value = crc(new Uint8Array(await file.slice(at, at + STEP).arrayBuffer()), value);
  }
  return value;
}

// A header of a zip file (PKWARE APPNOTE 6.3.9, 4.3.7 and 4.3.12): numbers of 2 or 4 bytes, little end first.
function header(numbers, name) {
  const length = numbers.reduce((sum, [size]) => sum + size, 0);
  const view = new DataView(new ArrayBuffer(length));
  let at = 0;
  for (const [size, value] of numbers) {
    if (size === 2) view.setUint16(at, value, true); else view.setUint32(at, value, true);
    at += size;
  }
  return new Blob([view.buffer, name]);
}

async function packed(files) {
  const sorted = [...files].sort((one, other) => (one.webkitRelativePath < other.webkitRelativePath ? -1 : 1));
  const body = [], directory = [];
  let at = 0, extent = 0;
  for (const file of sorted) {
    const name = new TextEncoder().encode(file.webkitRelativePath || file.name);
    const sum = await checksum(file);
    // Version, flags (names are UTF-8), no packing, the first moment that there is, checksum, sizes, length of the name.
    const shared = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 33], [4, sum], [4, file.size], [4, file.size], [2, name.length]];
    body.push(header([[4, 0x04034b50], ...shared, [2, 0]], name), file);
    const entry = header([[4, 0x02014b50], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, at]], name);
    directory.push(entry);
    at += 30 + name.length + file.size;
    extent += entry.size;
  }
  const end = header([[4, 0x06054b50], [2, 0], [2, 0], [2, sorted.length], [2, sorted.length], [4, extent], [4, at], [2, 0]], "");
  return new Blob([...body, ...directory, end]);
}

function words(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

function megabytes(count) {
  return (count / 1048576).toFixed(count < 10485760 ? 1 : 0) + " MiB";
}

async function told(answer, otherwise) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector(".notice")?.textContent.trim() || otherwise;
}

for (const form of document.querySelectorAll("[data-upload]")) {
  const data = form.dataset;
  const zip = form.querySelector("input[name=file]"), folder = form.querySelector("input[webkitdirectory]");
  const sending = form.querySelector(".sending"), bar = sending.querySelector("progress"), line = sending.querySelector("p");
  const send = form.querySelector("button.primary"), stop = form.querySelector("button.stop");
  const token = form.querySelector("input[name=csrf]").value;
  let stopped = false;
  form.querySelector(".scripted").hidden = !("webkitdirectory" in folder);
  folder.addEventListener("change", () => { if (folder.files.length) zip.value = ""; });
  zip.addEventListener("change", () => { if (zip.files.length) folder.value = ""; });
  stop.addEventListener("click", () => { stopped = true; });

  // What the form says besides: what is brought, and its licence.
  const said = () => Object.fromEntries([...new FormData(form)].filter(([key, value]) => typeof value === "string" && key !== "csrf"));
  const ask = (path, body) => fetch(path, { method: "POST", body, headers: { "X-CSRF-Token": token, "HX-Request": "true" } });

  async function pieces(archive, name) {
    const start = await ask(data.start, new URLSearchParams({ ...said(), name, size: archive.size }));
    if (!start.ok) throw new Error(await told(start, data.failed));
    const { id, at: first, piece } = await start.json();
    let at = first, lost = 0;
    while (at < archive.size && !stopped) {
      bar.value = at / archive.size;
      line.textContent = words(data.sending, { done: megabytes(at), all: megabytes(archive.size) });
      const part = archive.slice(at, at + Math.min(piece, lost ? 262144 : piece));
      let answer = null;
      try {
        answer = await ask(`${data.start}/${id}/pieces?at=${at}`, part);
      } catch {
        answer = null;
      }
      if (answer && (answer.ok || (answer.status === 409 && (answer.headers.get("content-type") || "").includes("json")))) {
        at = (await answer.json()).at;
        lost = 0;
      } else if (answer && ![408, 429, 500, 502, 503, 504].includes(answer.status)) {
        throw new Error(await told(answer, data.failed));
      } else {
        lost += 1;
        if (lost > 40) throw new Error(data.failed);
        line.textContent = data.waiting;
        await new Promise((again) => setTimeout(again, Math.min(500 * 2 ** lost, 15000)));
      }
    }
    if (stopped) return;
    bar.value = 1;
    const done = await ask(`${data.start}/${id}/finish`, new URLSearchParams(said()));
    if (!done.ok) throw new Error(await told(done, data.failed));
    window.location.assign(done.url);
  }

  form.addEventListener("submit", async (submission) => {
    submission.preventDefault();
    const chosen = [...folder.files].filter((file) => !/(^|\/)\./.test(file.webkitRelativePath));
    stopped = false;
    sending.hidden = stop.hidden = false;
    send.disabled = true;
    bar.removeAttribute("value");
    sending.classList.remove("bad");
    try {
      if (!zip.files.length && !chosen.length) throw new Error(data.nothing);
      // Without the long form of zip files, whose numbers end there.
      if (chosen.reduce((sum, file) => sum + file.size + 400, 0) > 4e9 || chosen.length > 65000) throw new Error(data.large);
      line.textContent = words(data.reading, { count: chosen.length || 1 });
      await pieces(zip.files.length ? zip.files[0] : await packed(chosen), form.elements.name.value.trim());
      if (stopped) line.textContent = "";
    } catch (error) {
      line.textContent = error.message;
      sending.classList.add("bad");
    }
    bar.value = bar.value || 0;
    send.disabled = false;
    stop.hidden = true;
  });
}
