"""Reads a C++ file far enough to measure it: functions with their lines, parameters and nesting,
the names a file uses, its includes and its changeable globals. It knows no types and expands no
macros; a construct it misreads shows up in tidy_test.py, where the next one is added."""

import re
from dataclasses import dataclass, field


@dataclass
class Function:
    name: str
    line: int
    lines: int = 0
    parameters: int = 0
    nesting: int = 0


@dataclass
class Global:
    name: str
    line: int


@dataclass
class Include:
    target: str
    system: bool
    line: int


@dataclass
class Source:
    functions: list = field(default_factory=list)
    declarations: list = field(default_factory=list)  # functions without a body: parameters only
    globals: list = field(default_factory=list)
    includes: list = field(default_factory=list)
    code: str = ""  # without comments, the contents of texts, and preprocessor lines


_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/"""  # comments
    r"""|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)\""""  # raw strings
    r"""|"(?:\\.|[^"\\\n])*\""""  # strings
    r"""|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",  # characters, not the ' inside 1'000
    re.DOTALL | re.VERBOSE,
)
_PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
_CONTROL = re.compile(r"\b(?:if|for|while|switch|catch)\b(?:\s+constexpr)?\s*\(|\bdo\b|\btry\b")
_STARTS_CONTROL = re.compile(r"(?:else\b|do\b|try\b|(?:if|for|while|switch|catch)\b)")
_LAMBDA_END = re.compile(
    r"\](?:\s*<[^{}]*>)?(?:\s*\([^{}]*\))?[\w\s:<>&*,]*(?:->[\w\s:<>&*,()]*)?$"
)
_TYPE = re.compile(r"(?:typedef\s+|friend\s+)?(?:class|struct|union)\b[^()]*(?:\([^()]*\)[^()]*)?$")
_NO_VARIABLE = re.compile(
    r"(?:using|typedef|friend|namespace|class|struct|union|enum|concept|static_assert|extern)\b"
)
_NOT_A_NAME = {"noexcept", "decltype", "alignas", "requires", "explicit", "return", "sizeof"}


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def strip(text):
    """The code alone, every other character replaced by a space so that places stay the same."""

    def replace(match):
        token = match.group(0)
        if token[0] in "\"R":
            return '"' + _blank(token[1:-1]) + '"'
        if token[0] == "'":
            return "'" + _blank(token[1:-1]) + "'"
        return _blank(token)

    code = _TOKEN.sub(replace, text)
    return _PREPROCESSOR.sub(lambda match: _blank(match.group(0)), code)


def find_includes(text):
    return [
        Include(match.group(2), match.group(1) == "<", text.count("\n", 0, match.start()) + 1)
        for match in _INCLUDE.finditer(text)
    ]


def _without_prefixes(head):
    """A declaration without the access labels, attributes and template lists before it."""
    head = head.strip()
    while True:
        shorter = re.sub(r"^(?:public|private|protected)\s*:(?!:)|^\[\[.*?\]\]", "", head).strip()
        if shorter.startswith("template"):
            opened = shorter.find("<")
            depth = 0
            for at in range(max(opened, 0), len(shorter)):
                depth += {"<": 1, ">": -1}.get(shorter[at], 0)
                if depth == 0:
                    shorter = shorter[at + 1 :].strip()
                    break
        if shorter == head:
            return head
        head = shorter


def _parameter_list(head):
    """(name, text between the parentheses, text after them), or None where head is no function."""
    text = head.replace("operator()", "operator__")
    text = re.sub(
        r"operator\s*[<>=!+\-*/%&|^~\[\]]+",
        lambda match: "operator" + "_" * (len(match.group(0)) - len("operator")),
        text,
    )
    angle = 0
    for at, char in enumerate(text):
        if char == "<":
            angle += 1
        elif char == ">" and text[at - 1] != "-":
            angle = max(0, angle - 1)
        elif char == "=" and angle == 0 and "operator" not in text[:at]:
            return None
        elif char == "(" and angle == 0:
            name = re.search(r"([~\w:]+)\s*$", text[:at])
            if not name or name.group(1) in _NOT_A_NAME:
                continue
            depth = 0
            for end in range(at, len(text)):
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                if depth == 0:
                    return name.group(1), text[at + 1 : end], text[end + 1 :]
    return None


def _count_parameters(text):
    if text.strip() in ("", "void"):
        return 0
    depth = 0
    count = 1
    for at, char in enumerate(text):
        if char in "(<[{":
            depth += 1
        elif char in ")]}" or (char == ">" and text[at - 1] != "-"):
            depth -= 1
        elif char == "," and depth == 0:
            count += 1
    return count


def _opens_function(head):
    found = _parameter_list(head)
    if not found:
        return False
    rest = found[2]
    in_member_list = re.search(r"(?<!:):(?!:)", rest) is not None
    # "Type() : member_{" opens a member's value; the body's brace follows ')' or '}'.
    return not (in_member_list and re.search(r"[\w>]\s*$", rest))


@dataclass
class _Scope:
    kind: str  # namespace, class, function, control, lambda, block, value
    depth: int = 0  # control levels within the function
    function: Function = None
    outer_head: str = ""
    outer_head_line: int = 0
    outer_parens: int = 0


class _Parser:
    def __init__(self, code, source):
        self.code = code
        self.source = source
        self.scopes = [_Scope("namespace")]
        self.head = ""
        self.head_line = 1
        self.parens = 0
        self.line = 1

    def run(self):
        for char in self.code:
            if char == "{":
                self.open()
            elif char == "}":
                self.close()
            elif char == ";" and self.parens == 0:
                self.end_statement()
                self.reset_head()
            else:
                self.parens += {"(": 1, ")": -1}.get(char, 0)
                if not self.head.strip():
                    self.head_line = self.line
                self.head += char
            if char == "\n":
                self.line += 1

    def reset_head(self):
        self.head = ""
        self.parens = 0

    def in_declarations(self):
        return self.scopes[-1].kind in ("namespace", "class")

    def classify(self, head):
        if self.in_declarations():
            if re.match(r"(?:inline\s+)?namespace\b|extern\s*\"", head):
                return "namespace"
            if re.match(r"(?:typedef\s+)?enum\b", head):
                return "value"
            if _TYPE.match(head):
                return "class"
            return "function" if _opens_function(head) else "value"
        if self.parens == 0 and _STARTS_CONTROL.match(head):
            return "control"
        if _LAMBDA_END.search(head):
            return "lambda"
        if re.match(r"(?:class|struct|union)\b[^()=]*$", head):
            return "class"
        if head == "" or head.endswith(":"):
            return "block"
        return "value"

    def open(self):
        head = _without_prefixes(self.head)
        kind = self.classify(head)
        outer = self.scopes[-1]
        scope = _Scope(kind, outer.depth, outer.function, self.head, self.head_line, self.parens)
        if kind == "function":
            name, parameters, _ = _parameter_list(head)
            scope.function = Function(name, self.head_line, 0, _count_parameters(parameters))
            scope.depth = 0
            self.source.functions.append(scope.function)
        elif kind == "control":
            scope.depth += max(1, len(_CONTROL.findall(head)))
            if scope.function:
                self.note_depth(scope.function, scope.depth)
        self.scopes.append(scope)
        self.reset_head()

    def close(self):
        if len(self.scopes) == 1:
            return
        scope = self.scopes.pop()
        if scope.kind == "function":
            scope.function.lines = self.line - scope.function.line + 1
        self.reset_head()
        if scope.kind in ("lambda", "value"):
            self.head = scope.outer_head + "{}"
            self.head_line = scope.outer_head_line
            self.parens = scope.outer_parens

    @staticmethod
    def note_depth(function, depth):
        function.nesting = max(function.nesting, depth)

    def end_statement(self):
        scope = self.scopes[-1]
        head = _without_prefixes(self.head)
        if not self.in_declarations():
            if scope.function:
                self.note_depth(scope.function, scope.depth + len(_CONTROL.findall(head)))
            if re.match(r"(?:static|thread_local)\b", head):
                self.note_variable(head)
            return
        declared = _parameter_list(head)
        if declared and not re.match(r"using\b|static_assert\b|friend class\b", head):
            parameters = _count_parameters(declared[1])
            self.source.declarations.append(Function(declared[0], self.head_line, 1, parameters))
        elif scope.kind == "namespace" or re.match(r"(?:inline\s+)?static\b", head):
            self.note_variable(head)

    def note_variable(self, head):
        """Records a variable that outlives its function and is not constant."""
        if not head or _NO_VARIABLE.match(head):
            return
        if re.search(r"\b(?:constexpr|const)\b", head.split("=")[0]):
            return
        name = re.search(r"(\w+)\s*(?:\[[^\]]*\])?\s*(?:=.*|\{\}|\(.*\))?$", head, re.DOTALL)
        if name and " " in head[: name.start() + 1].strip() + " ":
            self.source.globals.append(Global(name.group(1), self.head_line))


def read_source(text):
    source = Source(includes=find_includes(text), code=strip(text))
    _Parser(source.code, source).run()
    return source
