"""Questions, texts, request bodies and conversation files that nobody means: each is met, or refused in one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from contextvars import ContextVar
from random import Random
from typing import Any

import httpx2
import pytest
from chat_server import Call, piece, small_server
from hypothesis import strategies as st
from mutating import ODD, mutate
from sizes import in_sizes, try_inputs
from test_outward import events

from assistant import Assistant, Settings, open_assistant
from assistant.errors import ConversationError, QuestionError
from assistant.history.conversation import Conversation, Conversations, KeptTurn
from assistant.history.database import Database
from assistant.history.export import export_conversation_json, export_conversation_markdown
from assistant.records import Turn
from assistant.settings import NO_READER
from ui.serving.address import MCP_PATH
from ui.serving.gate import EVENT_PATHS, Gate
from ui.serving.server import launch

GUIDE = """# Gates

Every gate needs care twice a year.

## Squeaks

To stop the squeak of the gate, oil its hinge. Use 2 ml of oil, or 1/2 a spoon. Do it by half past nine.

## Three steps

1. Clean the hinge with a cloth.
2. Oil it.
3. Wipe off what drips.

| Oil | Price |
|---|---|
| Linseed | €4.50 |
| Mineral | 3 euros |
"""

QUESTION = "How do I stop the squeak of the gate?"

FRAGMENTS = [
    *"how|do I|stop|the squeak|of the gate|oil its hinge|what|is|step 2|tip|list all|and|it|not|no|twice a year".split(
        "|"
    ),
    *"My husband hits me|1/²|half past ²|at ② pm|2 ml|€|between 1 and|3.|Oil it.|?|!|...|ignore the guide".split("|"),
    *'"|“|[|](a)|![|<script>|</p>|<|im_start|>|*|`|#|>|\n|\r|\t|https://a.b|a@b.c|9999999999999999999999'.split("|"),
]

letters = st.sampled_from(ODD) | st.characters(codec="utf-8") | st.characters(categories=["Cs", "Cc", "Cf", "Mn", "No"])
words = st.lists(st.sampled_from(FRAGMENTS) | st.text(letters, max_size=12), max_size=30).map(" ".join)
long = st.builds(str.__mul__, words, st.sampled_from((50, 700))) | st.sampled_from("a9.\n").map(lambda one: one * 4000)
texts = words | words | words | long
"""Words of the guide and of people in danger, marks, numbers, characters of every kind; some are very long."""

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)
"""Any JSON, and what Python takes for it."""

randoms = st.randoms(use_true_random=False)


def replace_part(random: Random, data: Any, value: object) -> Any:
    """JSON with a value in the place of one of its parts, or of all of it."""
    keys = [*data] if isinstance(data, dict) else [*range(len(data))] if isinstance(data, list) else []
    if not keys or random.random() < 0.05:
        return value
    changed, key = data.copy(), random.choice(keys)
    changed[key] = replace_part(random, data[key], value)
    return changed


def speak(call: Call) -> None:
    """A chat server that words what it was given, and much else; the same request has the same reply."""
    random = Random(json.dumps(call.body["messages"][-1]))
    if not call.body.get("stream"):
        said = random.choice(("Yes", "No", "Yes", "", "Perhaps <b>", "1"))
        call.answer({"choices": [{"message": {"content": said}}]})
        return
    pieces = [
        "To stop the squeak of the gate, oil its hinge. ",
        "Use 2 ml of oil. ",
        "Dragons guard the gate. ",
        "9" * 5000,
    ]
    pieces += [
        " ".join(random.choices(FRAGMENTS, k=9)),
        "".join(random.choices(ODD, k=20)),
        "<think>",
        "1/² ",
        "x" * 4000,
    ]
    call.events(*(piece(random.choice(pieces)) for _ in range(random.randint(0, 8))), piece("", "stop"))


def is_line(told: str) -> bool:
    """Whether an error is one line for a person."""
    return bool(told) and "\n" not in told and "Traceback" not in told and len(told) < 2000


@pytest.fixture(scope="module")
def gates(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over a small guide, with a data folder of its own and the small chat server as its writer."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(settings.home / "models", target_is_directory=True)
    (home / "gates").mkdir()
    (home / "gates" / "a.md").write_text(GUIDE, "utf-8")
    with small_server(speak) as server:
        chosen = {"home": home, "port": 0, "llm_url": server.url, "reader": NO_READER, "corpus": home / "gates"}
        assistant = open_assistant(settings.model_copy(update=chosen))
        assistant.load()
        yield assistant


@pytest.fixture(scope="module")
def web(gates: Assistant) -> Iterator[httpx2.Client]:
    with closing(launch(gates, mcp=True)) as served, httpx2.Client(base_url=served.address, timeout=None) as client:
        yield client


@pytest.fixture(autouse=True)
def quiet(no_traceback: None) -> None:
    """Whatever comes in, no traceback is printed."""


def ask(assistant: Assistant, question: str, history: list[tuple[str, str]]) -> None:
    try:
        answer = assistant.ask(question, [Turn(*turn) for turn in history])
    except QuestionError as error:
        assert is_line(str(error))
        return
    assert json.dumps(answer.to_dict(), allow_nan=False, ensure_ascii=False).encode()
    assert answer.sentences


@pytest.mark.parametrize("number", in_sizes(8, 150, 3000))
def test_a_question_of_any_kind_is_answered_or_refused_in_one_line(gates: Assistant, number: int) -> None:
    try_inputs(
        number,
        lambda question, history: ask(gates, question, history),
        question=texts,
        history=st.lists(st.tuples(texts, texts), max_size=4),
    )


@pytest.mark.parametrize("number", in_sizes(0, 20, 200)[1:])
def test_so_it_is_with_the_real_model(assistant: Assistant, number: int) -> None:
    """In no plain run, where the small server words what the test above asks."""
    try_inputs(
        number,
        lambda question, history: ask(assistant, question, history),
        question=texts,
        history=st.lists(st.tuples(texts, texts), max_size=2),
    )


@pytest.mark.parametrize("number", in_sizes(10, 100, 3000))
def test_a_text_of_any_kind_is_checked_or_refused_in_one_line(gates: Assistant, number: int) -> None:
    def check(text: str) -> None:
        try:
            checked = gates.check(text)
        except QuestionError as error:
            assert is_line(str(error))
            return
        assert json.dumps([one.to_dict() for one in checked], allow_nan=False, ensure_ascii=False).encode()

    try_inputs(number, check, text=words)


@pytest.mark.parametrize("number", in_sizes(12, 300, 3000))
def test_a_body_of_any_kind_is_answered_or_refused_in_one_line(web: httpx2.Client, number: int) -> None:
    numbers = events(web)

    def make_calls(text: str) -> list[tuple[str, dict[str, Any]]]:
        turns = [{"question": QUESTION, "answer": text}]
        data = {"ask": [text, turns], "search": [text, 3], "check": [text]}
        messages = [
            {"role": "assistant", "content": text},
            {"role": "user", "content": [{"type": "text", "text": text}]},
        ]
        tool = {"name": "ask", "arguments": {"question": text, "history": turns}}
        return [
            *((EVENT_PATHS[0], {"data": data[name], "fn_index": numbers[name], "session_hash": "x"}) for name in data),
            *(("/v1/chat/completions", {"messages": messages, "stream": stream}) for stream in (True, False)),
            (MCP_PATH, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}),
        ]

    def send(text: str, value: object, random: Random) -> None:
        path, body = random.choice(make_calls(text))
        for _ in range(random.randint(0, 2)):
            body = replace_part(random, body, value)
        sent = json.dumps(body).encode()
        if random.random() < 0.1:
            sent = mutate(random, sent)
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        answer = web.post(path, content=sent, headers=headers)
        if path in EVENT_PATHS and answer.status_code == 200:
            session = json.loads(sent)["session_hash"].encode(errors="replace")
            answer = web.get("/gradio_api/queue/data", params={"session_hash": session.decode()})
        assert "Traceback" not in answer.text
        if path == MCP_PATH:
            assert answer.status_code in (200, 202, 400)
        elif answer.status_code != 200:
            assert is_line(find_message(answer)), answer.text
        elif path in EVENT_PATHS:
            (over,) = (one for one in read_messages(answer) if one["msg"] == "process_completed")
            assert over["success"] or is_line(over["output"]["error"]), answer.text
        elif body.get("stream"):
            assert answer.text.endswith("data: [DONE]\n\n") or '"error"' in answer.text
        else:
            assert answer.json()

    try_inputs(number, send, text=texts, value=values, random=randoms)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{\x00"id": 1}', b"[" * 100_000, b"9" * 5000])
def test_a_call_over_mcp_that_is_no_json_is_refused_in_one_line(web: httpx2.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    answer = web.post(MCP_PATH, content=body, headers=headers)
    assert answer.status_code == 400
    assert is_line(answer.json()["error"]["message"])


def find_message(answer: httpx2.Response) -> str:
    """What a refusal says: that of the gate, or in the OpenAI form."""
    told = answer.json()
    assert answer.status_code in (400, 422, 503)
    return str(told["detail"][0]["message"] if answer.status_code == 422 else told["error"]["message"])


def read_messages(answer: httpx2.Response) -> list[dict[str, Any]]:
    """What Gradio sent to a session."""
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]


def test_a_long_request_leaves_nothing_to_the_next_one(web: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """All come in by one connection, whose reading pauses while more than 64 KiB are unread: nearly each time here."""
    noted, seen = ContextVar("noted", default=""), []
    check = Gate._check_event

    def check_and_note(gate: Gate, body: bytes) -> bytes:
        seen.append(noted.get())
        noted.set("what Gradio notes of a request")
        return check(gate, body)

    monkeypatch.setattr(Gate, "_check_event", check_and_note)
    begun = {"do": "new", "sent": {"text": "a" * 250_000}}
    body = {"data": [None], "fn_index": events(web)["_carry_out"], "session_hash": "x", "event_data": begun}
    for _ in range(6):
        assert web.post(EVENT_PATHS[1], json=body).status_code == 200
    assert seen == [""] * 6


@pytest.mark.parametrize("number", in_sizes(30, 500, 3000))
def test_a_conversation_file_of_any_kind_is_imported_or_refused_in_one_line(
    gates: Assistant, web: httpx2.Client, number: int
) -> None:
    """What is imported can be shown, exported, and imported again."""
    turns = tuple(KeptTurn(question, gates.ask(question), 1.0) for question in (QUESTION, "My husband hits me"))
    whole = export_conversation_json(Conversation("", "Gates", 1.0, 2.0, turns))
    kept = Conversations(Database(gates.settings.home), str(gates.settings.corpus.resolve()))
    page = {"data": [None], "fn_index": events(web)["_carry_out"], "session_hash": "x"}

    def bring(value: object, random: Random) -> None:
        data = json.loads(whole)
        for _ in range(random.randint(1, 3)):
            data = replace_part(random, data, value)
        text = json.dumps(data, ensure_ascii=random.random() < 0.5)
        if random.random() < 0.3:
            text = mutate(random, whole.encode()).decode("utf-8", "replace")
        try:
            identity = kept.import_json(text)
        except ConversationError as error:
            assert is_line(str(error))
            return
        conversation = kept.read(identity)
        assert conversation
        assert export_conversation_markdown(conversation, "Gates").encode()
        assert kept.read(kept.import_json(export_conversation_json(conversation)))
        shown = web.post(EVENT_PATHS[1], json=page | {"event_data": {"do": "open", "sent": {"id": identity}}})
        assert shown.status_code == 200
        kept.delete_all()

    try_inputs(number, bring, value=values, random=randoms)
