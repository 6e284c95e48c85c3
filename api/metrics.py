"""Counts and times for those who run the service. No label ever holds anything of a person."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

REGISTRY = CollectorRegistry()
ANSWERS = Counter("sijil_answers", "Answers by face and HTTP status.", ("face", "status"), registry=REGISTRY)
REFUSALS = Counter("sijil_refusals", "Refused requests by code.", ("code",), registry=REGISTRY)
SECONDS = Histogram(
    "sijil_answer_seconds",
    "Time from the arrival of a request to its answer.",
    ("face",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)


def observe(face: str, status: int, seconds: float) -> None:
    ANSWERS.labels(face, str(status)).inc()
    SECONDS.labels(face).observe(seconds)


def exposition() -> tuple[bytes, str]:
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
