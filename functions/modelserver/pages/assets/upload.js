"use strict";
// The upload form: drag and drop, how far it is, and what is wrong, without leaving the page.

for (const form of document.querySelectorAll("[data-upload]")) begin(form);

function begin(form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]");
  const stop = form.querySelector("[data-stop]");
  let request = null;

  input.addEventListener("change", () => choose(form, input));
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      choose(form, input);
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!request && input.files.length) {
      request = send(form, input.files[0], () => { request = null; });
    }
  });
  stop.addEventListener("click", () => request && request.abort());
}

function choose(form, input) {
  const file = input.files[0];
  form.querySelector("[data-problem]").hidden = true;
  form.querySelector("[data-chosen]").textContent = file ? `${file.name}, ${shown(file.size)}` : "Choose a zip, or drop one here";
  if (file && file.size > Number(form.dataset.limit)) {
    complain(form, { title: "This zip is too large for a browser", detail: `It has ${shown(file.size)}. The command below takes larger ones.` });
  }
}

// XMLHttpRequest, since fetch does not tell how much has been sent.
function send(form, file, ended) {
  const request = new XMLHttpRequest();
  const state = form.querySelector("[data-state]");
  const bar = form.querySelector("progress");
  const began = performance.now();
  busy(form, true);
  request.upload.onprogress = (event) => {
    bar.value = event.loaded / event.total;
    const rate = event.loaded / ((performance.now() - began) / 1000);
    state.textContent = `${shown(event.loaded)} of ${shown(event.total)}, ${shown(rate)} a second`;
  };
  request.upload.onload = () => { state.textContent = "All of it is there. The server checks the package."; };
  request.onload = () => finish(form, request);
  request.onerror = () => complain(form, { title: "The upload broke off", detail: "The server does not answer, or the connection was cut. Nothing was kept; try again." });
  request.onabort = () => complain(form, { title: "Stopped", detail: "Nothing was kept." });
  request.onloadend = () => { busy(form, false); ended(); };
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("Prefer", "respond-async");
  const body = new FormData();
  body.append("file", file);
  request.send(body);
  return request;
}

function finish(form, request) {
  let answer = {};
  try { answer = JSON.parse(request.responseText); } catch { /* told below */ }
  if (request.status >= 200 && request.status < 300 && answer.ID) location.assign(form.dataset.packages + answer.ID);
  else complain(form, answer.title ? answer : { title: `The server answered ${request.status}`, detail: request.responseText.slice(0, 2000) });
}

function busy(form, is) {
  form.querySelector("[data-progress]").hidden = !is;
  form.querySelector("[data-stop]").hidden = !is;
  form.querySelector("[type=submit]").disabled = is;
  if (is) form.querySelector("[data-problem]").hidden = true;
}

function complain(form, problem) {
  const box = form.querySelector("[data-problem]");
  const list = line("ul", "", "faults");
  for (const fault of problem.errors || []) list.append(faultOf(fault));
  box.replaceChildren(line("p", problem.title, "strong"), line("pre", problem.detail || "", "bare wrap"), list);
  box.hidden = false;
  box.focus();
}

function faultOf(fault) {
  const item = document.createElement("li");
  const place = [fault.pointer, fault.line && `line ${fault.line}`].filter(Boolean).join(", ");
  if (place) item.append(line("code", place), " ");
  item.append(line("span", fault.detail), " ", line("span", fault.hint || "", "muted"));
  return item;
}

function line(name, text, style = "") {
  return Object.assign(document.createElement(name), { textContent: text, className: style });
}

function shown(bytes) {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  while (value >= 1000 && units.length > 1) { value /= 1000; units.shift(); }
  return `${value.toFixed(1)} ${units[0]}`;
}
