"use strict";
// A build under way: its stages and its log as they come; at the end the page is loaded again, with what came of it.

const MOST_KEPT = 1024 * 1024; // characters in the page; the whole log is at its own address
const PAUSE = 3000;

for (const pre of document.querySelectorAll("[data-log]")) watch(pre, document.querySelector("[data-following]"));

async function watch(pre, state) {
  for (;;) {
    const trouble = await follow(pre).catch((error) => error.message);
    if (trouble) state.textContent = `The log cannot be followed now (${trouble}); trying again.`;
    if (trouble) await pause(PAUSE);
    const status = await statusOf(pre);
    if (status === "gone") return gone(state);
    if (status && status !== "building") return location.reload();
    await pause(PAUSE / 3);
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}

// "" where the server does not answer now.
async function statusOf(pre) {
  const answer = await fetch(pre.dataset.package, { headers: { Accept: "application/json" }, cache: "no-store" }).catch(() => null);
  if (answer && answer.status === 404) return "gone";
  return answer && answer.ok ? (await answer.json()).Status : "";
}

// Until the build ends. Who deletes a package cancels its build first: then there is a moment to wait.

async function follow(pre) {
  const answer = await fetch(pre.dataset.log, { headers: { Accept: "text/event-stream" }, cache: "no-store" });
  if (answer.status === 404) return "";
  if (!answer.ok) throw new Error(String(answer.status));
  const stages = document.querySelector("[data-stages]");
  for (const old of stages.querySelectorAll("[data-live]")) old.remove();
  pre.textContent = "";
  for await (const event of eventsOf(answer, () => {})) {
    const data = JSON.parse(event.data);
    if (event.name === "stage") told(stages, data);
    else if (event.name === "log") added(pre, data);
    else if (event.name === "problem" && data.code === "BUILD_CANCELLED") await pause(PAUSE / 3);
  }
  return "";
}

// Each stage is told as it begins, without seconds, and again as it ends.
function told(stages, stage) {
  let item = [...stages.querySelectorAll("[data-live]")].find((each) => each.dataset.live === stage.Name);
  if (!item) {
    item = document.createElement("li");
    item.dataset.live = stage.Name;
    item.append(document.createElement("span"), document.createElement("span"));
    item.firstChild.textContent = stage.Name;
    stages.append(item);
  }
  item.classList.toggle("now", stage.Seconds === null);
  item.lastChild.textContent = stage.Seconds === null ? "now" : `${stage.Seconds.toFixed(1)} s`;
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
