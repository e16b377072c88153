"use strict";
// Buttons that copy what stands beside them.

function copied(pre) {
  if (navigator.clipboard) return navigator.clipboard.writeText(pre.textContent);
  const range = document.createRange();
  range.selectNodeContents(pre);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  document.execCommand("copy"); // where the page came without TLS, there is no other way
  return Promise.resolve();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await copied(button.parentElement.querySelector("pre"));
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
