"""A tiny llama with random weights, made here: for transformers, and the same one for llama.cpp.

Its tokens are the 256 bytes, so that any text can be asked and any answer come out, three special ones, and `th`:
llama.cpp reads no vocabulary in which nothing is merged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

CONTEXT = 256
"""Tokens, and so bytes."""
_HEADS, _KEY_HEADS, _WIDTH, _INNER, _LAYERS = 4, 2, 64, 128, 2
_START, _END, _PAD = range(3)


def make_model(folder: Path, *, chat_template: str | None = None) -> None:
    """Write the model and its tokenizer as transformers reads them."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    vocabulary = {piece: place for place, piece in enumerate(["<s>", "</s>", "<pad>", *_bytes(), "th"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("t", "h")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>")
    fast.chat_template = chat_template
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=_WIDTH,
        intermediate_size=_INNER,
        num_hidden_layers=_LAYERS,
        num_attention_heads=_HEADS,
        num_key_value_heads=_KEY_HEADS,
        max_position_embeddings=CONTEXT,
        bos_token_id=_START,
        eos_token_id=_END,
        pad_token_id=_PAD,
        initializer_range=0.3,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def _bytes() -> list[str]:
    """The characters that stand for the 256 bytes in GPT-2's way of writing them."""
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())


def loaded(folder: Path) -> tuple[Any, Any]:
    """The model and its tokenizer, for computing by hand."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


def logprob_of(folder: Path, prompt: list[int], answer: list[int]) -> float:
    """The sum of the log-probabilities of an answer's tokens after a prompt's, computed in one go."""
    import torch

    model, _ = loaded(folder)
    with torch.inference_mode():
        logits = model(torch.tensor([[*prompt, *answer]])).logits[0].double()
    known = logits.log_softmax(-1)
    places = range(len(prompt) - 1, len(prompt) + len(answer) - 1)
    return float(sum(known[place, token] for place, token in zip(places, answer, strict=True)))


def write_gguf(folder: Path, path: Path, *, chat_template: str) -> None:
    """Write the model of a folder as llama.cpp reads it."""
    import gguf
    import numpy as np

    model, tokenizer = loaded(folder)
    config = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    pieces = tokenizer.convert_ids_to_tokens(range(config.vocab_size))
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(pieces)
    writer.add_token_types([control if place <= _PAD else normal for place in range(len(pieces))])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(_START)
    writer.add_eos_token_id(_END)
    writer.add_pad_token_id(_PAD)
    writer.add_add_bos_token(True)
    writer.add_chat_template(chat_template)
    for name, weights in model.state_dict().items():
        values = weights.numpy().astype(np.float32)
        heads = {"q_proj": _HEADS, "k_proj": _KEY_HEADS}
        for part, n_heads in heads.items():
            if part in name:
                values = _interleaved(values, n_heads)
        writer.add_tensor(_gguf_name(name), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _interleaved(weights: Any, n_heads: int) -> Any:
    """Rotated pairs lie side by side in llama.cpp, half a head apart in transformers."""
    rows, columns = weights.shape
    halves = weights.reshape(n_heads, 2, rows // n_heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def _gguf_name(name: str) -> str:
    stem = name.removesuffix(".weight").replace("model.layers.", "blk.")
    for theirs, ours in _NAMES.items():
        if stem.endswith(theirs):
            return f"{stem.removesuffix(theirs)}{ours}.weight"
    raise ValueError(f"no name for {name}")
