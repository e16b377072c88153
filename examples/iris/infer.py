from typing import Any

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import jid


def centimetres(description: str) -> Any:
    return jid.Input(description=description + ", in centimetres", ge=0, le=50)


class Model(jid.Model):
    """Tells the three species of iris in Fisher's data of 1936, which scikit-learn carries, apart."""

    def setup(self) -> None:
        data = load_iris()
        self.species = [str(name) for name in data.target_names]
        self.classifier = LogisticRegression(max_iter=1000).fit(data.data, data.target)

    def run(
        self,
        sepal_length: float = centimetres("length of a sepal"),
        sepal_width: float = centimetres("width of a sepal"),
        petal_length: float = centimetres("length of a petal"),
        petal_width: float = centimetres("width of a petal"),
    ) -> dict[str, Any]:
        flower = [[sepal_length, sepal_width, petal_length, petal_width]]
        chances = self.classifier.predict_proba(flower)[0]
        return {
            "species": self.species[int(chances.argmax())],
            "probabilities": {name: float(chances[place]) for place, name in enumerate(self.species)},
        }
