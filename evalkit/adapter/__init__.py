"""The model seam: cards (data about providers) and dialects (their wire formats). No network, no keys."""

from __future__ import annotations

from evalkit.adapter.batching import Batch, BatchDialect, BatchPage, BatchResult
from evalkit.adapter.card import Card, ModelSize, card_from, read_card
from evalkit.adapter.catalogue import FoundCard, find_cards
from evalkit.adapter.endpoint import Endpoint
from evalkit.adapter.listing import CardListing, list_cards
from evalkit.adapter.prices import Prices, chosen_limit
from evalkit.adapter.quote import Quote
from evalkit.adapter.refusal import refused, said_in
from evalkit.adapter.sampling import Sampling, joined_turns, system_apart
from evalkit.adapter.usage import count_of, logprob_of, number_of, sum_of, tokens_of
from evalkit.adapter.wire import Dialect, Reply, ReplyError, Request

__all__ = [
    "Batch",
    "BatchDialect",
    "BatchPage",
    "BatchResult",
    "Card",
    "CardListing",
    "Dialect",
    "Endpoint",
    "FoundCard",
    "ModelSize",
    "Prices",
    "Quote",
    "Reply",
    "ReplyError",
    "Request",
    "Sampling",
    "card_from",
    "chosen_limit",
    "count_of",
    "find_cards",
    "joined_turns",
    "list_cards",
    "logprob_of",
    "number_of",
    "read_card",
    "refused",
    "said_in",
    "sum_of",
    "system_apart",
    "tokens_of",
]
