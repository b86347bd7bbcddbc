"""The weights and thresholds that a score depends on, as the settings have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from msgspec import Struct, field

if TYPE_CHECKING:
    from holdfast.config import Config

CLASSIC = {"token_usage": 0.40, "duration": 0.20, "activity": 0.20, "errors": 0.20}
DEFAULT = {"context_pressure": 0.35, "context_rot": 0.30, "stall": 0.20, "progress": 0.15}


class Rules(Struct, frozen=True, kw_only=True):
    """Weights by factor, thresholds as shares (0 to 1), times in minutes."""

    weights: dict[str, float] = field(default_factory=lambda: {**CLASSIC, **DEFAULT})
    token_warning: float = 0.80
    token_critical: float = 0.90
    health_warning: float = 0.70
    health_critical: float = 0.40
    idle_timeout_minutes: int = 30
    stall_minutes: int = 10
    error_streak: int = 3

    @classmethod
    def of(cls, config: Config) -> Self:
        """Take them from the settings."""
        return cls(weights=config.section("health_weights"), **config.section("thresholds"))
