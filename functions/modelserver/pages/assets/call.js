"use strict";
// The call that the run form makes, as a person would write it: with curl, and in Python.
// given: [{name, kind, text} or {name, kind, path}], in the form's order.

function curlCall(address, given, token) {
  const words = given.map((each) => {
    if ("path" in each) return `-F ${shellQuoted(`${each.name}=@${each.path}`)}`;
    const plain = !each.text || /^[^@<";][^;"]*$/.test(each.text);
    return `${plain ? "-F" : "--form-string"} ${shellQuoted(`${each.name}=${each.text}`)}`;
  });
  const bearer = token ? ['-H "Authorization: Bearer $MODELSERVER_TOKEN"'] : [];
  const head = [words.length ? "curl" : "curl -X POST", ...bearer, address].join(" ");
  return [head, ...gathered(words)].join(" \\\n  ");
}

function pythonCall(address, given, token, output, stream) {
  const files = given.filter((each) => "path" in each);
  const texts = given.filter((each) => "text" in each);
  const lines = [`    ${JSON.stringify(address)},`];
  if (files.length) {
    lines.push(`    data=${pythonDict(texts.map((each) => [each.name, JSON.stringify(each.text)]))},`);
    lines.push(`    files=${pythonDict(files.map((each) => [each.name, `open(${JSON.stringify(each.path)}, "rb")`]))},`);
  } else {
    lines.push(`    json=${pythonDict(texts.map((each) => [each.name, pythonLiteral(each)]))},`);
  }
  if (token) lines.push("    headers={\"Authorization\": f\"Bearer {os.environ['MODELSERVER_TOKEN']}\"},");
  if (stream) lines.push("    stream=True,");
  const imports = token ? "import os\n\nimport requests" : "import requests";
  return `${imports}\n\nanswer = requests.post(\n${lines.join("\n")}\n)\nanswer.raise_for_status()\n${pythonReading(output, stream)}`;
}

function pythonReading(output, stream) {
  if (stream) return "for line in answer.iter_lines():\n    print(line.decode())";
  if (output && output.format === "uri") return 'open("output", "wb").write(answer.content)';
  return output && output.type === "string" ? "print(answer.text)" : "print(answer.json())";
}

function pythonDict(members) {
  return `{${members.map(([name, source]) => `${JSON.stringify(name)}: ${source}`).join(", ")}}`;
}

// What a control's text stands for: numbers as they are written, since JavaScript's would lose digits.
function pythonLiteral(each) {
  if (each.kind === "text" || each.kind === "file") return JSON.stringify(each.text);
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(each.text)) return each.text;
  try {
    return pythonValue(JSON.parse(each.text));
  } catch {
    return JSON.stringify(each.text);
  }
}

function pythonValue(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "object") return pythonDict(Object.entries(value).map(([name, each]) => [name, pythonValue(each)]));
  return JSON.stringify(value);
}

function shellQuoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

function gathered(words) {
  const lines = [];
  for (const word of words) {
    if (lines.length && lines.at(-1).length + word.length < 48) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}
