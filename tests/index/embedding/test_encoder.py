"""A question's vector by our own forward pass is that of sentence_transformers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT
from sentence_transformers import SentenceTransformer

from assistant import Settings
from assistant.models.installed import ensure_model
from index.embedding.embed import Embedder
from index.embedding.encoder import Encoder

TEXTS = (
    "How do I listen?",
    "a",
    "He says i never listen, and then he goes quiet for days. What can I do about it?",
    "word " * 600,
    "naïve café 語 😀 <|im_start|> </s> <mask>",
    "Two lines\nand a\ttab",
)


@pytest.fixture(scope="module", params=["all-mpnet-base-v2", "all-minilm-l6-v2"])
def folder(request: pytest.FixtureRequest, settings: Settings) -> Path:
    return ensure_model(settings.model_copy(update={"embedder": request.param}), "embed")


def test_the_vector_is_that_of_sentence_transformers(folder: Path) -> None:
    ours, theirs = Encoder(folder), SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    for text, vector in zip(TEXTS, theirs.encode_query(list(TEXTS), normalize_embeddings=True), strict=True):
        assert ours.encode(text) == pytest.approx(vector, abs=1e-5)
        assert np.linalg.norm(ours.encode(text)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"hidden_act": "relu"}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("config_sentence_transformers.json", {"prompts": {"query": "query: "}}),
    ],
)
def test_another_kind_of_model_is_left_to_sentence_transformers(
    settings: Settings, tmp_path: Path, name: str, changed: dict[str, object]
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(ensure_model(settings, "embed"), folder, copy_function=lambda one, two: Path(two).symlink_to(one))
    kept = json.loads((folder / name).read_text("utf-8"))
    (folder / name).unlink()
    (folder / name).write_text(json.dumps(kept | changed), "utf-8")
    with pytest.raises(ValueError):
        Encoder(folder)


def test_a_question_is_embedded_without_torch(settings: Settings) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom index.embedding.embed import Embedder\n"
        "vectors = Embedder(Path(sys.argv[1]), 'x').embed_questions(['How do I listen?'])\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers'}\n"
        "print(vectors.shape, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ensure_model(settings, "embed"))], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == ["(1,", "768)", "[]"], done.stderr


def test_questions_and_documents_share_one_space(embedder: Embedder) -> None:
    text = "Put your phone away when your partner talks to you."
    assert embedder.embed_questions([text])[0] @ embedder.embed_documents([text])[0] == pytest.approx(1, abs=1e-4)
