"""A model of random weights behind a real OpenAI-compatible server talks nonsense: what do customers see of it?

    python -m evals.random_model [--turns 200] [--serve COMMAND]

The model is a Llama of two layers that nobody trained, with the words of the demo's help center, served by
`transformers serve` (which wants the package `accelerate`; Baton does not). Customers of the demo shop, some signed in,
ask the demo's questions. Whatever the model said, each sentence that was shown must be supported by what it cites, and
nothing may have been done.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx2
from pydantic import JsonValue
from rich.console import Console
from rich.progress import track

from agent.claims import plain, segments
from app.demo_shop_api import DEMO_PEOPLE
from evals.questions import read_questions

ROOT: Final = Path(__file__).parent.parent
QUESTIONS: Final = ROOT / "evals" / "datasets" / "demo_customers.jsonl"
MODEL_PORT: Final = 8146
PORT: Final = 8147
ORDER_QUESTIONS: Final = ("Where is my order?", "I want my money back for the lamp", "cancel my order please")
ENDS_WITHIN_S: Final = 30.0
ENDINGS: Final = 30
"""So many of its 2,000 words end a reply: without them it talks to its limit, and a reply that was cut is not used."""

Json = dict[str, JsonValue]


@dataclass(kw_only=True)
class Seen:
    """What came of the turns, counted."""

    turns: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    model_calls: int = 0
    unsupported: list[str] = field(default_factory=list)
    actions: int = 0
    slowest_s: float = 0.0
    failed_requests: int = 0


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.random_model", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--serve", default=f"{Path(sys.executable).parent / 'transformers'} serve")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="baton-nonsense-") as name:
        folder = Path(name)
        make_model(folder / "model")
        with model_served(shlex.split(asked.serve), folder / "model"), baton_served(folder) as url:
            seen = talk(url, asked.turns)
    report(seen, Console())


def make_model(folder: Path) -> None:
    """A model and a tokenizer in the form of Hugging Face, weights as they are initialised."""
    import torch  # noqa: PLC0415 - seconds, and only here
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: PLC0415
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast  # noqa: PLC0415

    torch.manual_seed(7)
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    articles = [str(path) for path in sorted((ROOT / "demo" / "help_center").rglob("*.md"))]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=2000, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    words.train(articles, trainer)
    marks = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, **marks)  # type: ignore[no-untyped-call]
    tokenizer.chat_template = (
        "{% for one in messages %}{{ one['role'] }}: {{ one['content'] }}\n{% endfor %}assistant: "
    )
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=16384,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    model = LlamaForCausalLM(shape)
    model.generation_config.do_sample = True
    model.generation_config.eos_token_id = list(range(1, len(tokenizer), len(tokenizer) // ENDINGS))
    model.generation_config.max_new_tokens = 1000
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@contextmanager
def model_served(command: Sequence[str], model: Path) -> Iterator[None]:
    server = subprocess.Popen(  # noqa: S603 - the operator's own command
        [*command, str(model), "--port", str(MODEL_PORT), "--device", "cpu"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(
            f"http://127.0.0.1:{MODEL_PORT}/health", server, "The model's server did not start: is `accelerate` there?"
        )
        yield
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def baton_served(folder: Path) -> Iterator[str]:
    (folder / "data").mkdir()
    if (encoder := ROOT / "var" / "encoder").is_dir():
        (folder / "data" / "encoder").symlink_to(encoder)
    settings = {
        "BATON_DATA_DIR": str(folder / "data"),
        "BATON_PORT": str(PORT),
        "BATON_LLM_BASE_URL": f"http://127.0.0.1:{MODEL_PORT}/v1",
        "BATON_LLM_MODEL": str(folder / "model"),
        "BATON_MESSAGES_PER_MINUTE": "100000",
        "BATON_SESSIONS_PER_MINUTE": "100000",
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--demo"]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        url = f"http://127.0.0.1:{PORT}"
        _wait(f"{url}/healthz", server, "Baton did not start.")
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _wait(url: str, server: subprocess.Popen[bytes], otherwise: str) -> None:
    for _ in range(1200):
        try:
            if httpx2.get(url).status_code == httpx2.codes.OK:
                return
        except httpx2.HTTPError:
            if server.poll() is not None:
                break
        time.sleep(0.1)
    raise SystemExit(otherwise)


def talk(url: str, turns: int) -> Seen:
    """Each turn in a conversation of its own (many end with a person); every other customer is signed in."""
    seen = Seen()
    questions = [one.said[-1].text for one in read_questions(QUESTIONS)]
    asked = list(islice(cycle([*questions, *ORDER_QUESTIONS]), turns))
    console, shop = httpx2.Client(base_url=url, timeout=60), httpx2.Client(base_url=url, timeout=60)
    email, _, password = DEMO_PEOPLE[0]
    console.post("/console/v1/session", json={"email": email, "password": password}).raise_for_status()
    for number, text in enumerate(track(asked, description="turns", transient=True)):
        proof = {}
        if number % 2:
            proof = {"identity_token": shop.post("/demo/v1/sign-in", json={"key": "maya"}).json()["identity_token"]}
        begun = time.perf_counter()
        conversation, failed = ask(url, proof, text)
        seen.slowest_s = max(seen.slowest_s, time.perf_counter() - begun)
        seen.failed_requests += failed
        seen.turns += 1
        look_behind(console, conversation, seen)
    return seen


def ask(url: str, proof: Mapping[str, str], text: str) -> tuple[str, int]:
    """A widget's new conversation and its first turn, to the end: (its id, how many requests failed with 5xx)."""
    with httpx2.Client(base_url=url, timeout=60) as client:
        session = client.post("/widget/v1/session", json=dict(proof)).json()
        client.headers["Authorization"] = f"Bearer {session['session_token']}"
        started = client.post("/widget/v1/conversations", json={"client_conversation_id": uuid4().hex}).json()
        path = f"/widget/v1/conversations/{started['id']}"
        answers = [client.post(f"{path}/messages", json={"client_message_id": "m1", "text": text})]
        until = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < until:
            answers.append(client.get(path))
            if answers[-1].is_success and any(map(_ends, answers[-1].json()["messages"])):
                return str(started["id"]), sum(one.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR for one in answers)
            time.sleep(0.05)
    raise SystemExit(f"no reply within {ENDS_WITHIN_S:.0f} s: {text}")


def _ends(message: Mapping[str, object]) -> bool:
    author = message["author"]
    return isinstance(author, dict) and author.get("kind") == "ai_agent" and message.get("state") != "writing"


def look_behind(console: httpx2.Client, conversation: str, seen: Seen) -> None:
    """Count who answered, what of the model's sentences was shown without support, and what was done."""
    path = f"/console/v1/conversations/{conversation}"
    view = console.get(path).json()
    texts = {one["turn_id"]: one["text"] for one in view["messages"] if one["author"]["kind"] == "ai_agent"}
    for turn, trace in view["traces"].items():
        seen.model_calls += sum(step["name"] == "model" for step in trace["steps"])
        seen.ends[f"{trace['responder']}, {trace['decision']}"] += 1
        if trace["responder"] == "llm" and trace["decision"] == "answer":
            supported = {one["sentence"] for one in trace["sentences"] if one["source"]}
            seen.unsupported += [one for one in sentences_of(texts.get(turn, "")) if one not in supported]
    done = console.get(f"{path}/actions").json()["actions"]
    seen.actions += sum(one["state"] not in ("proposed", "expired", "declined") for one in done)


def sentences_of(text: str) -> list[str]:
    return [plain(one.text) for one in segments(text)]


def report(seen: Seen, console: Console) -> None:
    """Raises SystemExit(1) where something was shown or done that must not be."""
    console.print(f"{seen.turns} turns, slowest {seen.slowest_s:.1f} s, {seen.failed_requests} requests with 5xx")
    console.print(f"{seen.model_calls} calls of the model; turns by who answered, and how:", dict(seen.ends))
    console.print(f"sentences of the model shown without support: {len(seen.unsupported)}", seen.unsupported[:5])
    console.print(f"actions done: {seen.actions}")
    if seen.unsupported or seen.actions or seen.failed_requests:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
