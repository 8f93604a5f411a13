#!/usr/bin/env python3
"""Shows that every rule of tidy.py catches a planted fault and lets sound code pass."""

import unittest

import rules
import tidy
from cpp_source import read_source


def rules_broken(path, text):
    return sorted({finding.rule for finding in rules.check_file(path, text)})


def header(body):
    return "// What this is.\n#pragma once\n" + body


class Sizes(unittest.TestCase):
    def test_files_over_their_limit_are_found(self):
        for path, limit in (("cli/a.h", 400), ("cli/a.cc", 800), ("tests/a/a_test.cc", 1200)):
            opening = "// x\n#pragma once\n"
            self.assertEqual(rules_broken(path, opening + "\n" * (limit - 2)), [])
            self.assertEqual(rules_broken(path, opening + "\n" * (limit - 1)), ["file-lines"])

    def test_long_functions_are_found(self):
        body = lambda lines: "int f() {\n" + "  g();\n" * (lines - 2) + "}\n"
        self.assertEqual(rules_broken("cli/a.cc", body(70)), [])
        self.assertEqual(rules_broken("cli/a.cc", body(71)), ["function-lines"])
        self.assertEqual(rules_broken("tests/a/a_test.cc", body(120)), [])
        self.assertEqual(rules_broken("tests/a/a_test.cc", body(121)), ["function-lines"])

    def test_a_long_test_case_is_found(self):
        text = 'TEST_CASE("x") {\n' + "  g();\n" * 120 + "}\n"
        self.assertEqual(rules_broken("tests/a/a_test.cc", text), ["function-lines"])

    def test_many_parameters_are_found_in_definitions_and_declarations(self):
        four = "int f(int a, std::map<int, int> b, int c = g(1, 2), int d = {})"
        self.assertEqual(rules_broken("cli/a.cc", four + ";\n"), [])
        self.assertEqual(rules_broken("cli/a.cc", four[:-1] + ", int e);\n"), ["parameters"])
        self.assertEqual(rules_broken("cli/a.cc", four[:-1] + ", int e) {}\n"), ["parameters"])

    def test_constructors_count_like_other_functions(self):
        text = "class A {\n A(int a, int b, int c, int d, int e) : a_{a}, b_(b) { f(); }\n};\n"
        self.assertEqual(rules_broken("cli/a.cc", text), ["parameters"])

    def test_deep_nesting_is_found_with_and_without_braces(self):
        three = (
            "void f() {\n for (;;) {\n  if (a) {\n   while (b) {\n    c();\n   }\n  }\n }\n}\n"
        )
        self.assertEqual(rules_broken("cli/a.cc", three), [])
        bare = three.replace("c();", "if (c) d();")
        self.assertEqual(rules_broken("cli/a.cc", bare), ["nesting"])
        braced = three.replace("c();", "if (c) { d(); }")
        self.assertEqual(rules_broken("cli/a.cc", braced), ["nesting"])

    def test_an_else_if_chain_is_one_level(self):
        text = "void f() {\n if (a) {\n } else if (b) {\n } else if (c) {\n } else {\n }\n}\n"
        self.assertEqual(read_source(text).functions[0].nesting, 1)

    def test_wide_lines_are_found_in_every_kind_of_file(self):
        for path in ("cli/a.cc", "proto/a.proto", "cmake/A.cmake", "cli/CMakeLists.txt"):
            self.assertEqual(rules_broken(path, "x" * 100 + "\n"), [])
            self.assertEqual(rules_broken(path, "x" * 101 + "\n"), ["columns"])

    def test_a_wide_character_is_one_column(self):
        self.assertEqual(rules_broken("cli/a.cc", "// " + "é" * 97 + "\n"), [])

    def test_many_includes_are_found(self):
        text = "".join(f'#include "cli/{name}.h"\n' for name in range(16))
        self.assertEqual(rules_broken("cli/a.cc", text), ["includes"])


class Includes(unittest.TestCase):
    def test_an_include_against_the_table_is_found(self):
        for path, target in (
            ("common/a.cc", "model/job.h"),
            ("common/a.cc", "common/os/clock.h"),
            ("topology/a.cc", "topology/discovery/hwloc.h"),
            ("scheduler/queue/a.cc", "scheduler/placement/b.h"),
            ("scheduler/engine/a.cc", "proto/usine.pb.h"),
            ("agent/exec/a.cc", "scheduler/core/state.h"),
            ("sim/a.cc", "scheduler/store/sqlite.h"),
            ("cli/a.cc", "scheduler/core/state.h"),
        ):
            text = f'#include "{target}"\n'
            self.assertEqual(rules_broken(path, text), ["include-table"], (path, target))

    def test_an_include_that_the_table_grants_passes(self):
        for path, target in (
            ("scheduler/queue/a.cc", "scheduler/core/state.h"),
            ("scheduler/engine/a.cc", "common/ports/clock.h"),
            ("sim/a.cc", "agent/core/agent_core.h"),
            ("tests/queue/a_test.cc", "scheduler/queue/order.h"),
        ):
            self.assertEqual(rules_broken(path, f'#include "{target}"\n'), [], (path, target))

    def test_an_include_in_a_comment_is_none(self):
        self.assertEqual(rules_broken("common/a.cc", '// #include "cli/a.h"\n'), [])

    def test_a_folder_without_a_row_is_found(self):
        self.assertEqual(rules_broken("rocket/a.cc", "int f();\n"), ["include-table"])

    def test_an_unknown_target_is_found(self):
        self.assertEqual(rules_broken("common/a.cc", '#include "result.h"\n'), ["include-table"])


class Purity(unittest.TestCase):
    def test_headers_of_the_world_are_found_in_pure_code_only(self):
        for name in ("thread", "mutex", "fstream", "filesystem", "iostream", "unistd.h",
                     "spdlog/spdlog.h", "hwloc.h", "sqlite3.h", "time.h", "atomic"):
            text = f"#include <{name}>\n"
            self.assertEqual(rules_broken("scheduler/core/a.cc", text), ["pure-header"], name)
            self.assertEqual(rules_broken("scheduler/daemon/a.cc", text), [], name)

    def test_reaching_out_under_an_allowed_header_is_found(self):
        for use in ("std::chrono::system_clock::now()", 'std::getenv("HOME")', "std::rand()",
                    "std::random_device d", 'printf("x")', "exit(1)", "thread_local int x = g()"):
            text = f"void f() {{ {use}; }}\n"
            self.assertIn("pure-name", rules_broken("model/a.cc", text), use)
            self.assertNotIn("pure-name", rules_broken("cli/a.cc", text), use)

    def test_words_in_comments_texts_and_members_are_no_use(self):
        for text in ("// getenv() is not called\n", 'const char* k = "getenv()";\n',
                     "int f(Job j) { return j.exit.code + snprintf(j); }\n"):
            self.assertEqual(rules_broken("model/a.cc", text), [], text)

    def test_changeable_state_without_owner_is_found(self):
        for text in ("int count;\n", "static int count = 0;\n", "std::mutex guard{};\n",
                     "namespace {\nstd::map<int, int> m;\n}\n",
                     "int f() {\n static int n = 0;\n return n;\n}\n",
                     "thread_local int depth = 0;\n"):
            self.assertEqual(rules_broken("cli/a.cc", text), ["global"], text)

    def test_constants_members_and_functions_are_no_globals(self):
        for text in ("constexpr int kMax = 3;\n", "const std::map<int, int> kMap = {{1, 2}};\n",
                     "class A {\n int count_ = 0;\n static constexpr int kMax = 3;\n};\n",
                     "using A = int;\n", "enum class E { kA };\n",
                     "int f();\nstatic int g(int a);\n",
                     "template <class T>\nconcept C = requires(T t) { f(t); };\n",
                     "struct A;\nextern \"C\" int f(void);\n",
                     "int f() { int n = 0; return n; }\n"):
            self.assertEqual(rules_broken("cli/a.cc", text), [], text)


class Habits(unittest.TestCase):
    def test_a_header_without_opening_or_pragma_is_found(self):
        self.assertEqual(rules_broken("cli/a.h", header("")), [])
        self.assertEqual(rules_broken("cli/a.h", "#pragma once\n"), ["header-opening"])
        self.assertEqual(rules_broken("cli/a.h", "// What this is.\n"), ["pragma-once"])

    def test_marks_of_unfinished_work_are_found(self):
        self.assertEqual(rules_broken("cli/a.cc", "// TO" "DO: later\n"), ["unfinished"])

    def test_test_names_that_ctest_splits_are_found(self):
        for bad in ("a; b", "a, b", 'a \\"b\\"'):
            text = f'TEST_CASE("{bad}") {{}}\n'
            self.assertEqual(rules_broken("tests/a/a_test.cc", text), ["test-name"], bad)
        self.assertEqual(rules_broken("tests/a/a_test.cc", 'TEST_CASE("[B1] a b") {}\n'), [])

    def test_a_test_name_over_two_lines_is_read_whole(self):
        text = 'TEST_CASE("one "\n          "two; three") {}\n'
        self.assertEqual(rules_broken("tests/a/a_test.cc", text), ["test-name"])


class Reading(unittest.TestCase):
    def functions(self, text):
        return [(found.name, found.lines, found.nesting) for found in read_source(text).functions]

    def test_braces_in_texts_comments_and_characters_do_not_count(self):
        text = (
            'int f() {\n a("}"); // }\n b(\'}\'); /* } */\n c(R"x(})x");\n d(1\'000);\n}\n'
            "int g() {}\n"
        )
        self.assertEqual(self.functions(text), [("f", 6, 0), ("g", 1, 0)])

    def test_a_lambda_belongs_to_its_function(self):
        text = (
            "void f() {\n auto g = [&](int a) -> bool { if (a) return b; return c; };\n h(g);\n}\n"
        )
        self.assertEqual(self.functions(text), [("f", 4, 1)])

    def test_a_lambda_as_argument_keeps_the_statement(self):
        text = (
            "void f() {\n sort(a, [](int x, int y) { return x < y; });\n if (b) c();\n}\n"
            "int g() {}\n"
        )
        self.assertEqual(self.functions(text), [("f", 4, 1), ("g", 1, 0)])

    def test_member_values_in_braces_are_not_the_body(self):
        text = "A::A(int x) : a_{x}, b_{1, 2} {\n if (x) f();\n}\n"
        self.assertEqual(self.functions(text), [("A::A", 3, 1)])

    def test_operators_and_templates_are_functions(self):
        text = (
            "template <class T, int N>\n"
            "bool operator==(const A<T>& a, B b) { return a.x == b.x; }\n"
        )
        self.assertEqual(self.functions(text), [("operator__", 2, 0)])

    def test_initialised_variables_are_no_functions(self):
        self.assertEqual(self.functions("const A kA = f(1, 2);\nconst B kB{g(3)};\n"), [])


class Exceptions(unittest.TestCase):
    FINDING = rules.Finding("nesting", "cli/a.cc", "f", 5, 3, 1, "f is deep")

    def judge(self, text):
        return tidy.judge([self.FINDING], tidy.read_exceptions(text))

    def test_a_breach_needs_an_exception(self):
        self.assertEqual(len(self.judge("")), 1)
        self.assertEqual(self.judge("nesting cli/a.cc f 5  # why\n"), [])

    def test_an_exception_does_not_cover_more_than_it_says(self):
        self.assertEqual(len(self.judge("nesting cli/a.cc f 4\n")), 1)

    def test_an_exception_larger_than_needed_is_a_breach(self):
        self.assertIn("lower it", self.judge("nesting cli/a.cc f 6\n")[0])

    def test_a_stale_exception_is_a_breach(self):
        stale = "nesting cli/a.cc f 5\nnesting cli/b.cc g 4\n"
        self.assertIn("no longer needed", self.judge(stale)[0])


if __name__ == "__main__":
    unittest.main()
