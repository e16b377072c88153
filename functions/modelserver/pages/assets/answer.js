"use strict";
// The answer of a model, shown as what it is: text, JSON, a picture, sound, a stream. Nothing of it is ever HTML here:
// texts become text nodes, and what may be saved is given to the browser as mere bytes.

const MOST_SHOWN = 256 * 1024;
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];
const DATA_PICTURE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;

function element(name, text, properties = {}) {
  const made = Object.assign(document.createElement(name), properties);
  if (text) made.textContent = text;
  return made;
}

function shownSize(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ["kB", "MB", "GB"];
  let value = bytes / 1000;
  while (value >= 1000 && units.length > 1) { value /= 1000; units.shift(); }
  return `${value.toFixed(1)} ${units[0]}`;
}

function kindOf(answer) {
  return (answer.headers.get("Content-Type") || "").split(";")[0].trim().toLowerCase();
}

// Fills `place`; `told` hears how many bytes have come. Resolves to a few words on what came.
async function showAnswer(answer, place, told) {
  const kind = kindOf(answer);
  if (kind === "text/event-stream") return showEvents(answer, place, told);
  const blob = await received(answer, told);
  const name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") || "");
  await showBlob(blob, kind, name ? decodeURIComponent(name[1]) : "output", place);
  return `${kind || "no type"}, ${shownSize(blob.size)}`;
}

async function received(answer, told) {
  const parts = [];
  let size = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts);
    parts.push(value);
    size += value.length;
    told(size);
  }
}

async function showBlob(blob, kind, name, place) {
  if (PICTURES.includes(kind)) place.append(element("img", "", { src: address(blob, kind), alt: "The model's output" }));
  else if (kind === "image/svg+xml" && blob.size < MOST_SHOWN) place.append(element("img", "", { src: await dataAddress(blob, kind), alt: "The model's output" }));
  else if (kind.startsWith("audio/")) place.append(element("audio", "", { src: address(blob, kind), controls: true }));
  else if (kind.startsWith("video/")) place.append(element("video", "", { src: address(blob, kind), controls: true }));
  else if (kind.startsWith("text/") || kind.endsWith("json") || kind.endsWith("xml")) await showText(blob, kind, place);
  const isWhole = kind.startsWith("text/plain") || kind.endsWith("json");
  if (!isWhole || blob.size > MOST_SHOWN) {
    place.append(element("a", `Save ${name} (${shownSize(blob.size)})`, { href: address(blob, "application/octet-stream"), download: name, className: "button" }));
  }
}

async function showText(blob, kind, place) {
  const text = await blob.slice(0, MOST_SHOWN).text();
  const whole = blob.size <= MOST_SHOWN;
  place.append(element("pre", (kind.endsWith("json") && whole && indented(text)) || text || "(an empty text)", { className: "wrap" }));
  if (!whole) place.append(element("p", `The first ${shownSize(MOST_SHOWN)} of ${shownSize(blob.size)}.`, { className: "muted" }));
}

// JSON in lines, every number as it came: JavaScript's own would lose digits. "" for what is no JSON.
function indented(text) {
  try {
    JSON.parse(text);
  } catch {
    return "";
  }
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g)) {
    if (token === "}" || token === "]") {
      depth -= 1;
      out += /[{[]$/.test(out) ? token : line() + token;
    } else {
      if (/[{[]$/.test(out)) out += line();
      if (token === "{" || token === "[") depth += 1;
      out += token === "," ? token + line() : token === ":" ? ": " : shortened(token);
    }
  }
  return out;
}

function shortened(token) {
  return token.startsWith('"data:') && token.length > 200 ? `${token.slice(0, 40)}… (${token.length} characters)"` : token;
}

function address(blob, kind) {
  return URL.createObjectURL(new Blob([blob], { type: kind }));
}

function dataAddress(blob, kind) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(new Blob([blob], { type: kind }));
  });
}

// Server-sent events: one for each item, then `done`, or `error` with the problem, which is thrown.
async function showEvents(answer, place, told) {
  const list = element("pre", "", { className: "wrap" });
  place.append(list);
  let items = 0;
  let shown = 0;
  let ended = false;
  for await (const event of eventsOf(answer, told)) {
    if (event.name === "error") throw JSON.parse(event.data);
    if (event.name === "done") { ended = true; break; }
    items += 1;
    if (DATA_PICTURE.test(event.data)) place.append(element("img", "", { src: event.data, alt: `Item ${items}` }));
    else if (shown < MOST_SHOWN) list.append(event.data, "\n");
    shown += event.data.length;
  }
  if (!ended) throw { title: "The stream broke off", detail: `It ended after ${items} items without saying so.` };
  if (shown > MOST_SHOWN) place.append(element("p", "Only the beginning is shown.", { className: "muted" }));
  return `a stream, ${items} item${items === 1 ? "" : "s"}`;
}
