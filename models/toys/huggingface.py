"""Hugging Face architectures at toy size, built from their configurations."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    RobertaConfig,
    RobertaForMaskedLM,
)

from .sizes import HEADS, HIDDEN, INNER, LAYERS, POSITIONS, VOCABULARY

SPECIAL = {"vocab_size": VOCABULARY, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
COMMON = SPECIAL | {
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": INNER,
    "max_position_embeddings": POSITIONS,
}
# Grouped-query attention: four query heads read two key and value heads.
GROUPED = COMMON | {"num_attention_heads": 4, "num_key_value_heads": 2}

ARCHITECTURES: dict[str, tuple[type[PreTrainedModel], PretrainedConfig]] = {
    "bert": (BertForMaskedLM, BertConfig(**COMMON)),
    # RoBERTa counts positions from its padding id + 1, so its table has two rows more.
    "roberta": (
        RobertaForMaskedLM,
        RobertaConfig(
            **COMMON | {"pad_token_id": 1, "bos_token_id": 0, "max_position_embeddings": POSITIONS + 2},
            type_vocab_size=1,
        ),
    ),
    "distilbert": (
        DistilBertForMaskedLM,
        DistilBertConfig(
            **SPECIAL,
            dim=HIDDEN,
            n_layers=LAYERS,
            n_heads=HEADS,
            hidden_dim=INNER,
            max_position_embeddings=POSITIONS,
        ),
    ),
    "albert": (AlbertForMaskedLM, AlbertConfig(**COMMON, embedding_size=HIDDEN // 2)),
    "electra": (ElectraForMaskedLM, ElectraConfig(**COMMON, embedding_size=HIDDEN // 2)),
    "gpt2": (
        GPT2LMHeadModel,
        GPT2Config(**SPECIAL, n_embd=HIDDEN, n_layer=LAYERS, n_head=HEADS, n_inner=INNER, n_positions=POSITIONS),
    ),
    "gpt-neox": (GPTNeoXForCausalLM, GPTNeoXConfig(**COMMON)),
    "opt": (
        OPTForCausalLM,
        OPTConfig(
            **SPECIAL,
            hidden_size=HIDDEN,
            word_embed_proj_dim=HIDDEN,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            ffn_dim=INNER,
            max_position_embeddings=POSITIONS,
        ),
    ),
    "llama": (LlamaForCausalLM, LlamaConfig(**GROUPED)),
    # The small Qwen2 models tie their embeddings; the configuration's own default does not.
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**GROUPED, tie_word_embeddings=True)),
}


def build(name: str, attention: str = "eager", **changes: Any) -> PreTrainedModel:
    """The architecture with its weights as PyTorch initialises them; `changes` override configuration fields."""
    cls, config = ARCHITECTURES[name]
    config = type(config).from_dict(config.to_dict() | changes)
    return cls._from_config(config, attn_implementation=attention)


class Encoder(nn.Module):
    """Takes and gives plain tensors, which is what the exporters want."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        return self.model(input_ids=input_ids, attention_mask=attention_mask, **types).logits


class Decoder(nn.Module):
    """Same for causal models; without use_cache=False the keys and values would become outputs."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits
