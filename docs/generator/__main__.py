"""`python -m docs.generator`: writes docs/reference anew, and names what changed."""

from __future__ import annotations

from docs.generator.pages import REFERENCE, pages


def main() -> None:
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = REFERENCE / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"written: docs/reference/{name}")


if __name__ == "__main__":
    main()
