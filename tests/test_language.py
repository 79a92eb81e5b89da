"""The language rules of `.github/CONTRIBUTING.md`: standard terms, imperatives, no indirect questions."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
PROGRAMS: Final = ("coredata_async", "benchmarks", "tools")
"""Their functions are verbs; the name of a test is a sentence."""
CODE: Final = [path for top in (*PROGRAMS, "tests", ".docs/examples") for path in (ROOT / top).rglob("*.py")]
DOCUMENTS: Final = [
    ROOT / "README.md",
    *(path for folder in (".docs", ".github", ".changes") for path in (ROOT / folder).glob("*.md")),
]
NOT_CHECKED: Final = {"test_language.py", "glossary.md", "CONTRIBUTING.md"}
"""They quote the words that are banned."""

BANNED: Final = re.compile(
    r"\b(?:anew|afresh|for ever|at rest|in hand|in vain|of late|for want of|to be had|once more"
    r"|mend(?:s|ed|ing)?|struck|told|tells?|telling|manieth|whoever|nobody|somebody|anybody|in good order"
    r"|twins?|giants?|lanes?"
    r"|facts \d"  # of a document that is not in this repository
    r"|crew|mates?|belt|under way|is no more|(?-i:are none|is none)|peeled|judged?|judgement|verdict)\b",
    re.IGNORECASE,  # except for `is None`
)
NEGATED_NOUN: Final = re.compile(
    r"(?<!\bthere )\b(?:is|are|was|were) no "
    r"(?!longer\b|more than\b|fewer than\b|less than\b|later than\b|earlier than\b)[a-z]",
    re.IGNORECASE,
)
QUESTION: Final = re.compile(r"(?:What|Whether|How|Who|Whose|Where|Which|Why)\b")
NOT_IMPERATIVE: Final = re.compile(
    r"(?:The|An?|It|This|That|These|There|All|Each|Every|One|No)\b"
    r"|(?!(?:alias|bring|embed|exceed|feed|need|ping|proceed|seed|speed|succeed)\b)[a-z]+(?:ing|ed|[^su]s)\b",
    re.IGNORECASE,
)
"""First words of a docstring that describe a function instead of saying what it does."""
PARTICIPLES: Final = frozenset(
    """
    begun born bought bound brought built caught chosen dealt done drawn felt forgotten found given gone heard
    held hidden kept known laid led left lost made met paid said sent shown sold spent spoken stolen stood
    struck taken thought thrown told understood won wound written
    """.split()  # noqa: SIM905  # a list of words
)
VERBS_IN_ED: Final = frozenset({"need", "feed", "embed", "seed", "speed", "exceed", "proceed", "succeed"})

PRESCRIBED: Final = frozenset({"locked"})
"""Names that an interface of the standard library prescribes: `asyncio.Semaphore.locked`."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module


def prose_of(source: str) -> Iterator[str]:
    """Give the comments and strings of a module; none if even its code has no match, which is faster."""
    if not any(rule.search(source) for rule in (BANNED, NEGATED_NOUN)):
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in {tokenize.COMMENT, tokenize.STRING} or "FSTRING" in tokenize.tok_name[token.type]:
            yield token.string


def functions_of(nodes: Iterable[ast.AST]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give the functions that are not properties, which are nouns."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = [ast.unparse(each) for each in node.decorator_list]
            if not any("property" in each or each.endswith(".setter") for each in decorators):
                yield node


def is_participle(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    word = function.name.strip("_").split("_")[0]
    return word in PARTICIPLES or (word.endswith("ed") and word not in VERBS_IN_ED | PRESCRIBED)


def findings(path: Path) -> list[str]:
    """Give what a file has against the rules."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        return [match[0] for rule in (BANNED, NEGATED_NOUN) for match in rule.finditer(text)]
    found = [
        match[0]
        for rule in (BANNED, NEGATED_NOUN)
        for prose in prose_of(text)
        for match in rule.finditer(prose)
    ]
    nodes = list(ast.walk(ast.parse(text)))
    docs = (ast.get_docstring(node) for node in nodes if isinstance(node, Definition))
    found += [doc.partition("\n")[0] for doc in docs if doc and QUESTION.match(doc)]
    if path.relative_to(ROOT).parts[0] in PROGRAMS:
        functions = list(functions_of(nodes))
        found += [each.name for each in functions if is_participle(each)]
        first_lines = ((ast.get_docstring(each) or "").partition("\n")[0] for each in functions)
        found += [line for line in first_lines if NOT_IMPERATIVE.match(line)]
    return found


def test_no_file_breaks_the_rules() -> None:
    paths = sorted(path for path in (*CODE, *DOCUMENTS) if path.name not in NOT_CHECKED)
    broken = {path.relative_to(ROOT).as_posix(): found for path in paths if (found := findings(path))}

    assert broken == {}, "write it in the terms of .docs/glossary.md, see .github/CONTRIBUTING.md"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("# it is told to nobody", ["told", "nobody"]),
        ("'''A twin of it.'''", ["twin"]),
        ("x = 'it is no path'", ["is no p"]),
        ("# it is no longer open", []),
        ("# there is no option for a key", []),
        ("x = 'it is None'", []),
        ("# it is none of them", ["is none"]),
        ("# a redirect (facts 1.2)", ["facts 1"]),
        ("def f():\n    '''Whether it is open.'''", ["Whether it is open."]),
        ("def struck_down(): ...", ["struck_down"]),
        ("def opened(): ...", ["opened"]),
        ("def feed(): ...", []),
        ("class A:\n    @property\n    def closed(self): ...", []),
        ("def f():\n    '''The path.'''", ["The path."]),
        ("def f():\n    '''Returns the path.'''", ["Returns the path."]),
        ("def f():\n    '''Pass the path on.'''", []),
        ("def f():\n    '''Embed the path.'''", []),
        ("class A:\n    @property\n    def path(self):\n        '''The path.'''", []),
    ],
)
def test_the_rules_find_what_they_are_for(text: str, finding: list[str], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = tmp_path / "coredata_async" / "module.py"
    path.parent.mkdir()
    path.write_text(text)

    assert findings(path) == finding
