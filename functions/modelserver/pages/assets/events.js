"use strict";
// Server-sent events of an answer that is still coming: fetch, unlike EventSource, can POST and tells the status.
// told: hears how many bytes have come.

async function* eventsOf(answer, told) {
  const decoder = new TextDecoder();
  let rest = "";
  let size = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return;
    size += value.length;
    told(size);
    const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const name = lines.find((line) => line.startsWith("event:"));
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).replace(/^ /, ""));
      if (name || data.length) yield { name: name ? name.slice(6).trim() : "", data: data.join("\n") };
    }
  }
}
