"""Reads Dockerfiles back: instructions, and the words of the shell lines in them."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass

_WORD = re.compile(r"[A-Z]+")


@dataclass(frozen=True)
class Instruction:
    """One line: its word in capitals, and what follows."""

    word: str
    rest: str

    @property
    def commands(self) -> list[list[str]]:
        """The commands of a RUN, each as its words, as a POSIX shell would split them."""
        lexer = shlex.shlex(self.rest, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        found: list[list[str]] = [[]]
        for token in lexer:
            if token in ("&&", ";", "|", "||", "&"):
                found.append([])
            else:
                found[-1].append(token)
        return found

    @property
    def words(self) -> list[str]:
        """The words of a COPY, in either form."""
        if self.rest.startswith("["):
            return [str(word) for word in json.loads(self.rest)]
        return self.rest.split()


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
