import jid


class Model(jid.Model):
    def run(self, text: str = "world", times: int = 1) -> str:
        return " ".join(["hello"] + [text] * times)
