"use strict";
// The run form: fills it, sends it, shows the call and the answer, and puts what is wrong beside its field.

for (const form of document.querySelectorAll("[data-run]")) begin(form);

function begin(form) {
  const section = form.closest("section");
  const fields = [...form.querySelectorAll("[data-field]")];
  const pre = section.querySelector("[data-calls] pre");
  const tabs = [...section.querySelectorAll("[data-language]")];
  let language = "curl";
  let running = null;

  const refresh = () => {
    const given = givenOf(fields);
    const { shownAddress, token, output, stream } = form.dataset;
    pre.textContent = language === "curl"
      ? curlCall(shownAddress, given, token === "1")
      : pythonCall(shownAddress, given, token === "1", JSON.parse(output), stream === "1");
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      language = tab.dataset.language;
      for (const each of tabs) each.setAttribute("aria-pressed", String(each === tab));
      refresh();
    });
  }
  for (const chip of form.querySelectorAll("[data-fill]")) {
    chip.hidden = false;
    chip.addEventListener("click", async () => {
      await fill(form, fields, JSON.parse(chip.dataset.fill));
      refresh();
    });
  }
  for (const field of fields) joinSlider(field);
  form.addEventListener("input", refresh);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running) return;
    running = new AbortController();
    busy(form, true);
    await run(form, fields, section, running.signal);
    busy(form, false);
    running = null;
  });
  form.querySelector("[data-stop]").addEventListener("click", () => running && running.abort());
  form.querySelector("[data-without]").hidden = true;
  form.querySelector("[data-go]").hidden = false;
  section.querySelector("[data-tabs]").hidden = false;
  form.querySelector("[data-fill]")?.click();
}

function controlOf(field) {
  return field.querySelector("textarea, select, input:not([data-range])");
}

// What the fields hold: a field that says nothing, and need not, is left to the model.
function givenOf(fields) {
  const given = [];
  for (const field of fields) {
    const { field: name, kind } = field.dataset;
    const control = controlOf(field);
    if (kind === "file") {
      for (const file of control.files) given.push({ name, kind, file, path: control.dataset.path || file.name });
    } else if (!name) {
      given.push(...others(control.value));
    } else {
      const text = kind === "switch" ? String(control.checked) : control.value;
      const keepsEmpty = kind === "text" && field.dataset.default;
      if (text || keepsEmpty) given.push({ name, kind, text });
    }
  }
  return given;
}

function others(text) {
  try {
    return Object.entries(JSON.parse(text || "{}")).map(([name, value]) => ({
      name, kind: typeof value === "string" ? "text" : "json", text: typeof value === "string" ? value : JSON.stringify(value),
    }));
  } catch {
    return [{ name: "others", kind: "text", text }];
  }
}

// Texts at once, so that what is typed next stays; then the files, unless another filling has begun meanwhile.
async function fill(form, fields, filling) {
  const turn = String(Number(form.dataset.turn || 0) + 1);
  form.dataset.turn = turn;
  clearFaults(form);
  for (const field of fields) fillText(field, filling.texts);
  for (const field of fields.filter((each) => filling.files[each.dataset.field])) {
    await fillFile(form, field, filling.files[field.dataset.field], () => form.dataset.turn === turn);
  }
}

function fillText(field, texts) {
  const { field: name, kind } = field.dataset;
  const control = controlOf(field);
  const text = texts[name] ?? field.dataset.default ?? "";
  if (kind === "switch") control.checked = text === "true";
  else if (kind !== "file") control.value = text;
  else putFile(control, null, "");
  const slider = field.querySelector("[data-range]");
  if (slider && text) slider.value = text;
}

// A file of the package, fetched and put into the control as if it had been chosen.
async function fillFile(form, field, path, isWanted) {
  const address = form.dataset.files + path.split("/").map(encodeURIComponent).join("/");
  const answer = await fetch(address, { headers: { Accept: "*/*" } }).catch(() => null);
  const blob = answer && answer.ok ? await answer.blob() : null;
  if (!isWanted()) return;
  if (blob) putFile(controlOf(field), new File([blob], path.split("/").at(-1), { type: blob.type }), path);
  else showFault(form, field.dataset.field, `${path} is not to be had`);
}

function putFile(control, file, path) {
  const transfer = new DataTransfer();
  if (file) transfer.items.add(file);
  control.files = transfer.files;
  control.dataset.path = path;
}

function joinSlider(field) {
  const slider = field.querySelector("[data-range]");
  const control = controlOf(field);
  if (field.dataset.kind === "file") control.addEventListener("change", () => { control.dataset.path = ""; });
  if (!slider) return;
  slider.addEventListener("input", () => { control.value = slider.value; });
  control.addEventListener("input", () => { slider.value = control.value; });
}

function busy(form, is) {
  form.querySelector("[data-go]").disabled = is;
  form.querySelector("[data-stop]").hidden = !is;
}

async function run(form, fields, section, signal) {
  const panel = section.querySelector("[data-answer]");
  const place = panel.querySelector("[data-shown]");
  const state = panel.querySelector("[data-state]");
  const began = performance.now();
  clearFaults(form);
  releaseOld(place);
  panel.hidden = false;
  panel.setAttribute("aria-busy", "true");
  const watch = waiting(state, began, form.dataset.setup);
  try {
    const answer = await fetch(form.dataset.address, {
      method: "POST",
      body: bodyOf(givenOf(fields)),
      headers: { Accept: form.dataset.stream === "1" ? "text/event-stream" : "*/*" },
      signal,
    });
    if (!answer.ok) throw await problemOf(answer);
    const what = await showAnswer(answer, place, watch.received);
    watch.end(`Answered in ${seconds(began)}: ${what}`);
  } catch (trouble) {
    watch.end(`Ended after ${seconds(began)}`);
    showProblem(form, fields, place, signal.aborted ? { title: "Stopped", detail: "You stopped the run." } : trouble || {});
  }
  panel.removeAttribute("aria-busy");
}

// Browsers write a line break in a form's text as CR LF; in a part that is bytes they leave it alone.
function bodyOf(given) {
  const body = new FormData();
  for (const each of given) {
    const lines = each.kind === "text" && each.text.includes("\n");
    body.append(each.name, each.file || (lines ? new Blob([each.text]) : each.text));
  }
  return body;
}

async function problemOf(answer) {
  const text = await answer.text();
  try {
    const problem = JSON.parse(text);
    if (problem && typeof problem === "object") return { title: `${answer.status}`, ...problem };
  } catch { /* not a problem document */ }
  return { title: `The server answered ${answer.status}`, detail: text.slice(0, 2000) };
}

// Says truthfully what is known: the time, and what has come. Not more often than a reader can follow.
function waiting(state, began, setup) {
  const start = setup ? ` A model that was idle starts first; its set-up took ${Number(setup).toFixed(1)} s in the test.` : "";
  let size = 0;
  const tell = () => {
    const waited = performance.now() - began;
    if (size) state.textContent = `Receiving: ${shownSize(size)}, ${seconds(began)}`;
    else state.textContent = `Waiting for the model: ${seconds(began)}.${waited > 1500 ? start : ""}`;
  };
  tell();
  const timer = setInterval(tell, 250);
  return {
    received: (bytes) => { size = bytes; },
    end: (text) => { clearInterval(timer); state.textContent = text; },
  };
}

function seconds(began) {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

function releaseOld(place) {
  for (const old of place.querySelectorAll("[src^='blob:'], [href^='blob:']")) URL.revokeObjectURL(old.src || old.href);
  place.replaceChildren();
}

function clearFaults(form) {
  for (const fault of form.querySelectorAll("[data-fault]")) { fault.hidden = true; fault.textContent = ""; }
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

// Each error of a problem beside the field that its pointer names; what names none, and the problem itself, below.
function showProblem(form, fields, place, problem) {
  const loose = [];
  const wrong = [];
  for (const fault of Array.isArray(problem.errors) ? problem.errors : []) {
    const [, name = "", ...deeper] = String(fault?.pointer || "").split("/").map(unescaped);
    const field = fields.find((each) => each.dataset.field === name);
    const text = [...deeper, fault?.detail || "is not taken"].join(": ");
    if (field) wrong.push(showFault(form, name, text));
    else loose.push(`${name} ${text}`.trim());
  }
  const box = element("div", "", { className: "alert" });
  box.setAttribute("role", "alert");
  box.append(element("p", problem.title || problem.name || "Something went wrong", { className: "strong" }));
  const detail = problem.detail || (problem instanceof TypeError ? "The server does not answer. Is it still running?" : problem.message);
  if (wrong.length && !loose.length) box.append(element("p", "The fields say what to change."));
  else if (detail) box.append(element("pre", detail, { className: "bare wrap" }));
  for (const text of loose) box.append(element("p", text));
  place.append(box);
  fields.map(controlOf).find((control) => wrong.includes(control))?.focus();
}

// A part of a JSON pointer (RFC 6901).
function unescaped(part) {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}

function showFault(form, name, text) {
  const field = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
  const fault = field.querySelector("[data-fault]");
  fault.textContent = fault.textContent ? `${fault.textContent}; ${text}` : text;
  fault.hidden = false;
  controlOf(field).setAttribute("aria-invalid", "true");
  return controlOf(field);
}
