"""On what machine something was measured."""

import platform
from pathlib import Path


def processor() -> str:
    """The name of the processor."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def memory_mb() -> float:
    """The memory that this process has in use now, in MB (NaN where the system does not say)."""
    facts = Path("/proc/self/status")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.is_file() else []
    return next((float(line.split()[1]) / 1e3 for line in lines if line.startswith("VmRSS")), float("nan"))
