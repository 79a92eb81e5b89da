"""Style of the report's page: light and dark, narrow and wide, on paper."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2127; --soft: #5f6b7a; --line: #d9dee5;
  --page: #fff; --tint: #f5f7f9;
  --done: #2f8f5b; --skipped: #8fa3b8; --failed: #c8372d; --unresolved: #d98a00; --pending: #b9c3cf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #98a4b1; --line: #343c46;
  --page: #15191e; --tint: #1d232a; --done: #4fb57c; --skipped: #66788c; --failed: #ef6a5f;
  --unresolved: #f0ad3c; --pending: #48535f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; color: var(--ink);
  background: var(--page); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1rem; font-weight: 600; color: var(--soft); }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem; }
p { margin: .25rem 0; }
.summary { margin: .25rem 0 1rem; padding-left: .9rem; border-left: .3rem solid var(--failed);
  font-size: 1.6rem; line-height: 1.3; font-weight: 600; }
.good { border-color: var(--done); }
.open { border-color: var(--unresolved); }
.soft, dt, th, small { color: var(--soft); }
.bar { display: flex; gap: 2px; height: .8rem; margin: 1.5rem 0 1rem; border-radius: .4rem;
  overflow: hidden; }
.bar span { min-width: 3px; }
.done { --own: var(--done); } .skipped { --own: var(--skipped); } .failed { --own: var(--failed); }
.unresolved { --own: var(--unresolved); } .pending { --own: var(--pending); }
.bar span, .tiles i { background: var(--own, transparent); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin: 0; }
.tiles dd { margin: 0; font-size: 1.45rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles i { display: inline-block; width: .6rem; height: .6rem; margin-right: .4rem; border-radius: 50%; }
.tiles small { display: block; font-size: .8rem; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 0; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
details { margin: .5rem 0; border: 1px solid var(--line); border-radius: .5rem; }
summary { padding: .6rem .9rem; cursor: pointer; background: var(--tint); border-radius: .5rem; }
details > p { padding: .4rem .9rem; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .35rem .9rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
code { font: .92em ui-monospace, monospace; white-space: pre-wrap; }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } details { border: 0; }
  tr { break-inside: avoid; } .bar span, .tiles i { print-color-adjust: exact; } }
"""
