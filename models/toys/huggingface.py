"""Hugging Face architectures at toy size, built from their configurations."""

from typing import Any

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

from exporting.loading import TokensToLogits

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


def encoder(model: PreTrainedModel) -> TokensToLogits:
    return TokensToLogits(model, {}).eval()


def decoder(model: PreTrainedModel) -> TokensToLogits:
    """Without use_cache=False the keys and values would become outputs."""
    return TokensToLogits(model, {"use_cache": False}).eval()
