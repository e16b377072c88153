from collections.abc import Iterator

import jid


class Model(jid.Model):
    """Says the words of its prompt backwards, one by one, as a language model says its own."""

    def run(
        self,
        prompt: str = jid.Input(description="words, with spaces between them", max_length=10000),
        most: int = jid.Input(100, description="how many words to say at most", ge=1, le=1000),
    ) -> Iterator[str]:
        words = prompt.split()
        while words and most:
            yield words.pop()
            most -= 1
