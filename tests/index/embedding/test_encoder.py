"""A question's vector by our own forward pass is that of sentence_transformers, with an adapter and without."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from paths import ROOT
from safetensors import safe_open
from sentence_transformers import SentenceTransformer
from sizes import leave_out

from assistant import Settings
from assistant.errors import GuideError
from assistant.models.catalogue import read_catalogue
from assistant.models.installed import ensure_model
from index.embedding import adapter as adapters
from index.embedding.adapter import CROSS, DANGER, Adapter, find_adapter, hash_adapter, read_adapter, save_adapter
from index.embedding.cross import CrossEncoder
from index.embedding.embed import Embedder, _merge
from index.embedding.encoder import Encoder

TEXTS = (
    "How do I listen?",
    "a",
    "He says i never listen, and then he goes quiet for days. What can I do about it?",
    "word " * 600,
    "naïve café 語 😀 <|im_start|> </s> <mask>",
    "Two lines\nand a\ttab",
)


LARGE, SMALL = "all-mpnet-base-v2", "all-minilm-l6-v2"


@pytest.fixture(scope="module", params=[SMALL, *leave_out(LARGE)])
def folder(request: pytest.FixtureRequest, settings: Settings) -> Path:
    return ensure_model(settings.model_copy(update={"embedder": request.param}), "embed")


def read_shapes(folder: Path) -> dict[str, tuple[int, int]]:
    """(outputs, inputs) of each linear layer of a model's encoder, by name."""
    with safe_open(folder / "model.safetensors", "numpy") as weights:
        shapes = {name.removesuffix(".weight"): weights.get_slice(name).get_shape() for name in list(weights.keys())}
    return {name: (shape[0], shape[1]) for name, shape in shapes.items() if ".layer." in name and len(shape) == 2}


def make_adapter(path: Path, folder: Path, seed: int = 0) -> Path:
    """An adapter for the model of a folder that moves its vectors a little, at random."""
    chance = np.random.default_rng(seed)
    layers = {
        name: (
            (chance.normal(size=(8, inputs)) / 30).astype(np.float32),
            (chance.normal(size=(outputs, 8)) / 30).astype(np.float32),
        )
        for name, (outputs, inputs) in read_shapes(folder).items()
    }
    save_adapter(path, Adapter(layers))
    return path


def test_the_vector_is_that_of_sentence_transformers(folder: Path) -> None:
    ours, theirs = Encoder(folder), SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    for text, vector in zip(TEXTS, theirs.encode_query(list(TEXTS), normalize_embeddings=True), strict=True):
        (own,) = ours.encode(text)
        assert own == pytest.approx(vector, abs=1e-5)
        assert np.linalg.norm(own) == pytest.approx(1, abs=1e-5)


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


# With an adapter


def test_an_adapter_beside_the_weights_is_the_same_as_within_them(folder: Path, tmp_path: Path) -> None:
    path = make_adapter(tmp_path / "some.safetensors", folder)
    embedder, plain = Embedder(folder, "x", adapter=path), Encoder(folder)
    for text, merged in zip(TEXTS, embedder.embed_documents(TEXTS), strict=True):
        assert embedder.embed_questions([text])[0] == pytest.approx(merged, abs=1e-5)
        assert merged @ plain.encode(text)[0] < 0.999, "it moves the vector"


def test_adapters_side_by_side_are_the_same_as_alone(folder: Path, tmp_path: Path) -> None:
    some = [read_adapter(make_adapter(tmp_path / f"{seed}.safetensors", folder, seed)) for seed in (0, 1)]
    adapters = (some[0], None, some[1])
    together = Encoder(folder, adapters)
    alone = [Encoder(folder, (adapter,)) for adapter in adapters]
    for text in TEXTS:
        assert together.encode(text) == pytest.approx(np.concatenate([one.encode(text) for one in alone]), abs=1e-6)


def make_classifier(path: Path, folder: Path, upper: tuple[str, ...]) -> Path:
    """The adapter of a classifier with two labels at random, in the layers with these numbers."""
    layers = read_adapter(make_adapter(path.with_suffix(".layers"), folder)).layers
    layers = {name: parts for name, parts in layers.items() if name.split("layer.")[1].split(".")[0] in upper}
    size, chance = len(Encoder(folder).encode("a")[0]), np.random.default_rng(0)
    head, queries = (chance.normal(size=(3, width)).astype(np.float32) for width in (size + 1, size))
    save_adapter(path, Adapter(layers, head, queries, ("cold", "hot")))
    return path


def test_a_classifier_reads_what_is_embedded_in_the_same_pass(folder: Path, tmp_path: Path) -> None:
    """As torch reads it, with the layers merged that its adapter has; vectors are those without it."""
    path = make_classifier(tmp_path / "some.classifier", folder, ("4", "5"))
    adapter, vectors = read_adapter(path), make_adapter(tmp_path / "vectors", folder, seed=1)
    embedder, alone = Embedder(folder, "x", 1, vectors, path), Embedder(folder, "x", 1, vectors)
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    _merge(model, adapter)
    assert embedder.labels == ("cold", "hot")
    assert alone.labels == ()
    assert adapter.head is not None
    assert adapter.queries is not None
    head, queries = torch.from_numpy(adapter.head), torch.from_numpy(adapter.queries)
    for text in TEXTS:
        batch = model.tokenizer([text], return_tensors="pt", truncation=True, max_length=model.max_seq_length)
        with torch.no_grad():
            states = model[0].model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
            read = states.last_hidden_state[0]
            logits = (read @ head[:, :-1].T * (read @ queries.T).softmax(dim=0)).sum(0) + head[:, -1]
        assert embedder.classify([text])[0] == pytest.approx(logits.numpy(), abs=2e-4)
        assert embedder.embed_questions([text])[0] == pytest.approx(alone.embed_questions([text])[0], abs=1e-6)
    assert embedder.embedded == len(TEXTS), "nothing is read twice"


def test_two_texts_read_together_are_read_as_transformers_reads_them(folder: Path, tmp_path: Path) -> None:
    path = make_adapter(tmp_path / "some.safetensors", folder)
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    _merge(model, read_adapter(path))
    encoder = Encoder(folder).share((None, read_adapter(path)))
    for one, other in pairwise(text for text in TEXTS if len(text) < 200):
        batch = model.tokenizer([one], [other], return_tensors="pt")
        with torch.no_grad():
            states = model[0].model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        assert encoder.read_pair(one, other)[1] == pytest.approx(states.last_hidden_state[0, 0].numpy(), abs=1e-4)


def test_a_cross_encoder_scores_each_passage_by_itself_and_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ensure_model(settings, "embed")
    adapter, head = read_adapter(make_adapter(tmp_path / "a", folder)), np.linspace(-1, 1, 769, dtype=np.float32)
    save_adapter(tmp_path / "b", Adapter(adapter.layers, head))
    embedder = Embedder(folder, "x")
    cross, other = (embedder.make_cross_encoder(tmp_path / "b") for _ in range(2))
    assert cross
    assert other
    read, read_pair = list[str](), Encoder.read_pair

    def note(encoder: Encoder, one: str, passage: str) -> Any:
        read.append(passage)
        return read_pair(encoder, one, passage)

    monkeypatch.setattr(Encoder, "read_pair", note)
    question, passages = "When do I water?", ["Water at dusk.", "Oil the blade.", "Water at dusk."]
    first, second, again = cross.score(question, passages)
    assert first == again != second
    assert read == passages[:2]
    assert other.score(question, passages[1::-1]) == (second, first)
    assert cross.score("When?", passages[:1]) != (first,)
    assert cross.score(question, []) == ()
    with pytest.raises(ValueError, match="head"):
        CrossEncoder(Encoder(folder), adapter)


def test_an_adapter_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    """As half floats."""
    layers = {f"layer.{n}": (np.eye(2, 3, dtype=np.float32) * n, np.full((4, 2), n / 3, np.float32)) for n in range(3)}
    save_adapter(tmp_path / "a.safetensors", Adapter(layers))
    kept, head = read_adapter(tmp_path / "a.safetensors").layers, read_adapter(tmp_path / "a.safetensors").head
    assert head is None
    assert read_adapter(tmp_path / "a.safetensors").labels == ()
    assert list(kept) == list(layers)
    for name, parts in layers.items():
        for part, saved in zip(kept[name], parts, strict=True):
            assert part.dtype == np.float32
            assert part == pytest.approx(saved.astype(np.float16), abs=0)


def test_an_adapter_is_known_by_the_bytes_of_its_file(tmp_path: Path) -> None:
    parts = np.ones((2, 3), np.float32), np.ones((4, 2), np.float32)
    for name, layers in (("a", {"one": parts}), ("b", {"one": parts}), ("c", {"two": parts})):
        save_adapter(tmp_path / name, Adapter(layers))
    a, b, c = (hash_adapter(tmp_path / name) for name in "abc")
    assert a == b != c
    assert len(a) == len(c) == 8


@pytest.mark.parametrize("junk", [b"", b"no tensors", bytes(range(256)) * 9])
def test_a_damaged_adapter_is_an_error_that_is_met(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(junk)
    with pytest.raises((OSError, ValueError)):
        read_adapter(tmp_path / "bad.safetensors")


def test_only_a_model_of_the_catalogue_has_an_adapter(tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").touch()
    for model in ("no-such-model", "", str(tmp_path / "mine"), "mine", "../embedding/adapter"):
        assert find_adapter(model) is None


def test_an_adapter_is_not_used_with_another_model(settings: Settings, tmp_path: Path) -> None:
    """One that only sentence_transformers can run."""
    real, folder = ensure_model(settings.model_copy(update={"embedder": SMALL}), "embed"), tmp_path / "model"
    shutil.copytree(real, folder, copy_function=lambda one, two: Path(two).symlink_to(one))
    kept = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))
    (folder / "sentence_bert_config.json").unlink()
    (folder / "sentence_bert_config.json").write_text(json.dumps(kept | {"do_lower_case": True}), "utf-8")
    with pytest.raises(GuideError, match=r"some\.safetensors"):
        Embedder(folder, "x", adapter=make_adapter(tmp_path / "some.safetensors", real))


def test_every_shipped_adapter_fits_the_model_that_it_is_named_after(settings: Settings) -> None:
    names = {model.name for model in read_catalogue(settings) if model.role == "embed"}
    for path in Path(adapters.__file__).parent.glob("*.safetensors"):
        model, has_head = path.stem.removesuffix(CROSS).removesuffix(DANGER), path.stem.endswith((CROSS, DANGER))
        assert model in names
        assert find_adapter(path.stem) == path
        assert find_adapter(model), "a cross-encoder reads what tuned vectors find, and a classifier beside them"
        folder = ensure_model(settings.model_copy(update={"embedder": model}), "embed")
        layers, head = read_adapter(path).layers, read_adapter(path).head
        assert (head is not None) == has_head
        assert head is None or np.isfinite(head).all()
        assert bool(read_adapter(path).labels) == path.stem.endswith(DANGER)
        fitting, shapes = (
            {name: (up.shape[0], down.shape[1]) for name, (down, up) in layers.items()},
            read_shapes(folder),
        )
        assert fitting == {name: shapes[name] for name in fitting}
        assert len(fitting) == len(shapes) or path.stem.endswith(DANGER)
        assert len({rank for down, up in layers.values() for rank in (down.shape[0], up.shape[1])}) == 1
        assert all(np.isfinite(part).all() for parts in layers.values() for part in parts)
