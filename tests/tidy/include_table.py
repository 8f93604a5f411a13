"""Who may include whom (docs/architecture.md). A file belongs to the longest folder named here that
holds it; it may include its own folder and those its row names. A new folder needs a row."""

MODEL = ("common", "topology", "gpu", "model")
CORE = MODEL + ("scheduler/core", "scheduler/timeline")
POLICY = CORE + ("scheduler/queue", "scheduler/placement", "scheduler/policy")
ENGINE = POLICY + ("common/ports", "scheduler/engine")
AGENT = MODEL + ("common/ports", "common/os", "proto", "agent/core")
DISCOVERY = ("topology/discovery", "gpu/discovery")
WORLD = ("common/ports", "common/os")  # interfaces to the world, and the real ones

ALLOWED = {
    "common": (),
    "common/ports": ("common",),
    "common/os": ("common", "common/ports"),
    "topology": ("common",),
    "topology/discovery": ("common", "topology") + WORLD,
    "gpu": ("common",),
    "gpu/discovery": ("common", "gpu") + WORLD,
    "model": MODEL,
    "config": MODEL + DISCOVERY + WORLD,
    "proto": MODEL,
    # Who is who, for all that meet on the wire.
    "identity": ("common",) + WORLD,
    "scheduler/core": MODEL,
    "scheduler/timeline": MODEL,
    "scheduler/queue": CORE,
    "scheduler/placement": CORE,
    "scheduler/policy": POLICY,
    # Asked by nothing that decides.
    "scheduler/estimate": POLICY,
    "scheduler/engine": ENGINE,
    "scheduler/store": ENGINE + WORLD,
    "scheduler/daemon": (
        ENGINE + WORLD + ("scheduler/estimate", "scheduler/store", "proto", "config", "identity")
    ),
    "agent/core": MODEL + ("common/ports",),
    "agent/contain": ("common", "common/os", "proto"),
    "agent/exec": AGENT + ("agent/contain",),
    "agent/shepherd": AGENT + ("agent/contain", "agent/exec"),
    "agent/daemon": (
        AGENT + DISCOVERY + ("agent/contain", "agent/exec", "agent/shepherd", "config", "identity")
    ),
    "sim": ENGINE + ("scheduler/estimate", "agent/core"),
    "tools": ENGINE + DISCOVERY + WORLD + ("agent/core", "sim", "scheduler/store", "config"),
    "cli": MODEL + WORLD + ("proto", "tools", "config", "identity", "agent/contain"),
    # Programs of their own: a job's code knows nothing of the scheduler.
    "examples": ("common",),
    # Measure and test whatever they like.
    "benchmarks": ("*",),
    "tests": ("*",),
}

# No input or output, clock, randomness of its own, threads, environment or global state.
PURE = (
    "common",
    "common/ports",
    "topology",
    "gpu",
    "model",
    "scheduler/core",
    "scheduler/timeline",
    "scheduler/queue",
    "scheduler/placement",
    "scheduler/policy",
    "scheduler/estimate",
    "scheduler/engine",
    "agent/core",
    "sim",
)

# What pure code may take from the standard library; all other <...> headers are shut out, and with
# them every third-party one.
PURE_HEADERS = frozenset(
    """algorithm any array bit bitset cctype charconv chrono cmath compare concepts cstddef cstdint
    cstdio cstdlib cstring deque expected functional initializer_list iterator limits list map
    memory new numeric optional queue random ranges ratio set source_location span stack string
    string_view tuple type_traits typeindex unordered_map unordered_set utility variant
    vector""".split()
)

# What reaches out of pure code though its header is allowed: names anywhere, functions when called.
PURE_BANNED_NAMES = (
    "system_clock steady_clock high_resolution_clock utc_clock random_device thread_local"
).split()
PURE_BANNED_CALLS = (
    "getenv secure_getenv setenv rand srand localtime gmtime clock_gettime gettimeofday fopen "
    "printf fprintf puts fputs system exit _exit"
).split()


def folder_of(path, table=ALLOWED):
    """The row a path belongs to, or None."""
    parts = path.split("/")[:-1]
    while parts:
        if "/".join(parts) in table:
            return "/".join(parts)
        parts.pop()
    return None
