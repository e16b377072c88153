"use strict";
// The log of a build under way, as it is written; at the end the page is loaded again, with what came of it.

const MOST_KEPT = 1024 * 1024; // characters in the page; the whole log is at its own address
const PAUSE = 3000;

for (const pre of document.querySelectorAll("[data-log]")) watch(pre, document.querySelector("[data-following]"));

async function watch(pre, state) {
  for (;;) {
    const trouble = await follow(pre).then(() => "", (error) => error.message);
    const answer = await fetch(pre.dataset.package, { headers: { Accept: "application/json" }, cache: "no-store" }).catch(() => null);
    if (answer && answer.status === 404) return gone(state);
    if (answer && answer.ok && (await answer.json()).Status !== "building") return location.reload();
    state.textContent = answer ? `Still building.${trouble && ` The log cannot be followed now (${trouble}); trying again.`}` : "The server does not answer; trying again.";
    await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  }
}

async function follow(pre) {
  const answer = await fetch(pre.dataset.log, { headers: { Accept: "text/plain" }, cache: "no-store" });
  if (!answer.ok) throw new Error(String(answer.status));
  const decoder = new TextDecoder();
  let isNew = true;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (isNew) pre.textContent = "";
    isNew = false;
    added(pre, decoder.decode(value, { stream: true }));
  }
}

// Keeps to the end of the log, unless the reader has scrolled up.
function added(pre, text) {
  const box = pre.parentElement;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  pre.append(text);
  while (pre.childNodes.length > 1 && pre.textContent.length > MOST_KEPT) pre.firstChild.remove();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function gone(state) {
  state.textContent = "This package has been deleted meanwhile.";
  state.classList.add("alert");
}
