"""Reads Dockerfiles back: instructions, and the words of the shell lines in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_WORD = re.compile(r"[A-Z]+")
# Quoted text, or characters without a meaning of their own, up to a blank or an operator.
_TOKEN = re.compile(
    r"""(?P<control>&&|\|\||[;&|\n])|(?P<redirect>[<>])|(?P<word>(?:'[^']*'|"[^"$`\\]*"|[\w@%+=:,./{}*-])+)|[ ]+""",
    re.ASCII,
)


@dataclass(frozen=True)
class Instruction:
    """One line: its word in capitals, and what follows."""

    word: str
    rest: str

    @property
    def commands(self) -> list[list[str]]:
        """The commands of a RUN, each as its words, as a POSIX shell would split them."""
        found: list[list[str]] = [[]]
        at = 0
        while at < len(self.rest):
            token = _TOKEN.match(self.rest, at)
            assert token, f"no shell would read {self.rest[at:]!r}"
            at = token.end()
            if token["control"]:
                found.append([])
            elif token["word"]:
                found[-1] += shlex.split(token["word"])
        return found


def instructions(text: str) -> list[Instruction]:
    """Every line is one instruction; a line that is none, a comment or a continuation fails here."""
    found = []
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        assert not line.endswith("\\"), line
        word, _, rest = line.partition(" ")
        assert _WORD.fullmatch(word), line
        found.append(Instruction(word, rest))
    return found


def words(text: str) -> list[str]:
    """The words of all instructions, in order: the shape of a Dockerfile."""
    return [instruction.word for instruction in instructions(text)]
