"""For mlserver."""

# mypy: ignore-errors
# the libraries are in environments of their own

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Echo(MLModel):
    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        first = payload.inputs[0]
        text = StringCodec.decode_input(first)[0]
        answer = "x" * 1_000_000 if text == "big" else "hello " + text
        if first.name == "file":
            answer = str(len(text))
        output = StringCodec.encode_output("output", [answer])
        return InferenceResponse(model_name=self.name, outputs=[output])
