#!/usr/bin/env python3
"""Holds the source tree against its house rules (rules.py) and prints every breach as one line.

Usage: tidy.py [ROOT] [--list]     --list prints findings in the form of exceptions.txt

Exceptions may only shrink: one that is no longer needed, or larger than needed, is a breach too.
"""

import pathlib
import sys

import rules

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED_FOLDERS = ("build", ".git", "Testing", "__pycache__")


def source_files(root):
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if inside.parts[0].startswith(SKIPPED_FOLDERS) or "__pycache__" in inside.parts:
            continue
        if path.is_file() and path.name.endswith(rules.TEXT_ENDINGS):
            yield path, inside.as_posix()


def find_all(root):
    findings = []
    for path, name in source_files(root):
        findings += rules.check_file(name, path.read_text(encoding="utf-8"))
    return findings


def read_exceptions(text):
    """Lines of "rule path subject value  # why" as {(rule, path, subject): value}."""
    exceptions = {}
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words:
            rule, path, subject, value = words
            exceptions[rule, path, subject] = int(value)
    return exceptions


def word(subject):
    return "_".join(subject.split())


def judge(findings, exceptions):
    """One line per breach; none means that the tree is tidy."""
    breaches = []
    worst = {}
    for finding in findings:
        key = (finding.rule, finding.path, word(finding.subject))
        worst[key] = max(worst.get(key, 0), finding.value)
        if finding.value > exceptions.get(key, finding.limit):
            place = f"{finding.path}:{finding.line}"
            breaches.append(f"{place}: {finding.says} [{finding.rule}]")
    for key, granted in exceptions.items():
        name = " ".join(key)
        if key not in worst:
            breaches.append(f"exceptions.txt: '{name}' is no longer needed: remove it")
        elif worst[key] < granted:
            breaches.append(f"exceptions.txt: '{name}' is now {worst[key]}: lower it")
    return breaches


def main(arguments):
    folders = [argument for argument in arguments if not argument.startswith("-")]
    root = pathlib.Path(folders[0]) if folders else HERE.parent.parent
    findings = find_all(root)
    if "--list" in arguments:
        for finding in findings:
            print(finding.rule, finding.path, word(finding.subject), finding.value)
        return 0
    breaches = judge(findings, read_exceptions((HERE / "exceptions.txt").read_text()))
    for breach in breaches:
        print(breach)
    if not any(source_files(root)):
        breaches.append("no file")
        print(f"{root}: no source file found: nothing was checked")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
