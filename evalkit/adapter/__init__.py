"""The model seam: cards (data about providers) and dialects (their wire formats). No network, no keys."""

from __future__ import annotations

from evalkit.adapter.card import Card, card_from, read_card
from evalkit.adapter.catalogue import CardListing, FoundCard, find_cards, list_cards
from evalkit.adapter.endpoint import Endpoint
from evalkit.adapter.refusal import refused, said_in
from evalkit.adapter.usage import count_of, tokens_of
from evalkit.adapter.wire import Dialect, Reply, ReplyError, Request

__all__ = [
    "Card",
    "CardListing",
    "Dialect",
    "Endpoint",
    "FoundCard",
    "Reply",
    "ReplyError",
    "Request",
    "card_from",
    "count_of",
    "find_cards",
    "list_cards",
    "read_card",
    "refused",
    "said_in",
    "tokens_of",
]
