"""The house rules over one file; what they find tidy.py holds against the exceptions."""

import re
from collections import Counter
from dataclasses import dataclass

import include_table
from cpp_source import read_source

CPP_ENDINGS = (".h", ".cc", ".cu", ".cuh")
TEXT_ENDINGS = CPP_ENDINGS + (".proto", ".py", ".cmake", ".sh", "CMakeLists.txt")
COLUMNS_MAX = 100
PROJECT_INCLUDES_MAX = 15

_MACRO = re.compile(r"[A-Z][A-Z0-9_]{3,}")
_TEST_NAME = re.compile(r'\bTEST_CASE(?:_FIXTURE)?\((?:\w+,\s*)?((?:\s*"(?:\\.|[^"\\])*")+)')


@dataclass(frozen=True)
class Limits:
    file_lines: int
    function_lines: int
    parameters: int = 4
    nesting: int = 3


@dataclass(frozen=True)
class Finding:
    rule: str
    path: str
    subject: str  # what in the file breaks the rule; with rule and path it names an exception
    value: int  # how far
    limit: int
    line: int
    says: str


def limits_of(path):
    if path.startswith("tests/"):
        return Limits(file_lines=1200, function_lines=120)
    return Limits(file_lines=400 if path.endswith(".h") else 800, function_lines=70)


def check_file(path, text):
    findings = list(check_lines(path, text))
    if path.endswith(CPP_ENDINGS):
        source = read_source(text)
        findings += check_sizes(path, text, source)
        findings += check_includes(path, source)
        findings += check_purity(path, source)
        findings += check_globals(path, source)
        findings += check_header(path, text)
        findings += check_test_names(path, text)
    return findings


def check_lines(path, text):
    unfinished = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    wide = [at for at, line in enumerate(text.splitlines(), 1) if len(line) > COLUMNS_MAX]
    if wide:
        says = f"{len(wide)} lines are wider than {COLUMNS_MAX} columns"
        yield Finding("columns", path, "-", len(wide), 0, wide[0], says)
    for at, line in enumerate(text.splitlines(), 1):
        if match := unfinished.search(line):
            yield Finding("unfinished", path, match.group(1), 1, 0, at, "marks unfinished work")


def check_sizes(path, text, source):
    limits = limits_of(path)
    lines = text.count("\n")
    if lines > limits.file_lines:
        says = f"the file has {lines} lines, the limit is {limits.file_lines}"
        yield Finding("file-lines", path, "-", lines, limits.file_lines, 1, says)
    for function in source.functions:
        measures = (
            ("function-lines", function.lines, limits.function_lines, "lines"),
            ("nesting", function.nesting, limits.nesting, "levels of nesting"),
        )
        for rule, value, limit, unit in measures:
            if value > limit:
                says = f"{function.name} has {value} {unit}, the limit is {limit}"
                yield Finding(rule, path, function.name, value, limit, function.line, says)
    for function in source.functions + source.declarations:
        # The "parameters" of a macro such as TEST_CASE are not a function's.
        if function.parameters > limits.parameters and not _MACRO.fullmatch(function.name):
            says = f"{function.name} has {function.parameters} parameters: make them a struct"
            yield Finding("parameters", path, function.name, function.parameters,
                          limits.parameters, function.line, says)


def check_includes(path, source):
    project = [include for include in source.includes if not include.system]
    if len(project) > PROJECT_INCLUDES_MAX:
        says = f"the file includes {len(project)} of ours, the limit is {PROJECT_INCLUDES_MAX}"
        yield Finding("includes", path, "-", len(project), PROJECT_INCLUDES_MAX, 1, says)
    own = include_table.folder_of(path)
    if own is None:
        says = "this folder has no row in tests/tidy/include_table.py"
        yield Finding("include-table", path, "-", 1, 0, 1, says)
        return
    allowed = include_table.ALLOWED[own]
    if "*" in allowed:
        return
    targets = [(include, include_table.folder_of(include.target)) for include in project]
    bad = Counter(folder or include.target for include, folder in targets
                  if folder != own and folder not in allowed)
    for target, count in sorted(bad.items()):
        line = next(include.line for include, folder in targets
                    if (folder or include.target) == target)
        says = f"{own} may not include {target}"
        yield Finding("include-table", path, target, count, 0, line, says)


def check_purity(path, source):
    if include_table.folder_of(path) not in include_table.PURE:
        return
    for include in source.includes:
        if include.system and include.target not in include_table.PURE_HEADERS:
            says = f"pure code may not include <{include.target}>"
            yield Finding("pure-header", path, include.target, 1, 0, include.line, says)
    banned = [(name, rf"\b{name}\b") for name in include_table.PURE_BANNED_NAMES]
    banned += [(name, rf"(?<![\w.>]){name}\s*\(") for name in include_table.PURE_BANNED_CALLS]
    for name, pattern in banned:
        if uses := list(re.finditer(pattern, source.code)):
            line = source.code.count("\n", 0, uses[0].start()) + 1
            says = f"pure code may not use {name}"
            yield Finding("pure-name", path, name, len(uses), 0, line, says)


def check_globals(path, source):
    if path.startswith("tests/"):
        return
    for variable in source.globals:
        says = f"{variable.name} is changeable state without an owner"
        yield Finding("global", path, variable.name, 1, 0, variable.line, says)


def check_header(path, text):
    if not path.endswith((".h", ".cuh")):
        return
    if not text.startswith("//"):
        says = "a header opens with what it is, who owns it and which thread"
        yield Finding("header-opening", path, "-", 1, 0, 1, says)
    if not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield Finding("pragma-once", path, "-", 1, 0, 1, "a header says #pragma once")


def check_test_names(path, text):
    # ctest and doctest's filter split names at these, and then run nothing or too much.
    for match in _TEST_NAME.finditer(text):
        name = re.sub(r'"\s*"', "", match.group(1).strip())[1:-1]
        line = text.count("\n", 0, match.start()) + 1
        for bad in ';,"':
            if bad in name:
                says = f"a test's name may not hold {bad!r}"
                yield Finding("test-name", path, name[:40], 1, 0, line, says)
