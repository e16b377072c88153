"""For gunicorn with Flask: the floor of threads and processes."""

# mypy: ignore-errors
# the libraries are in environments of their own

from flask import Flask, jsonify, request

app = Flask(__name__)


@app.post("/infer")
def infer():
    if "file" in request.files:
        return jsonify(output=str(len(request.files["file"].read())))
    text = request.get_json()["text"]
    return jsonify(output="x" * 1_000_000 if text == "big" else "hello " + text)
