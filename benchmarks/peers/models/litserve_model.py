"""For litserve."""

# mypy: ignore-errors
# the libraries are in environments of their own

import os

import litserve


class Echo(litserve.LitAPI):
    def setup(self, device):
        pass

    def decode_request(self, request):
        if "file" in request:
            return str(request["file"].size)
        return request["text"]

    def predict(self, text):
        if text.isdigit():
            return text
        return "x" * 1_000_000 if text == "big" else "hello " + text

    def encode_response(self, output):
        return {"output": output}


if __name__ == "__main__":
    server = litserve.LitServer(Echo(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), num_api_servers=1, generate_client_file=False)
