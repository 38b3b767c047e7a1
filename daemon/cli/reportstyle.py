"""How a report looks: light or dark as the reader likes it, and on paper."""

STYLE = """
:root { --ink: #1b1f24; --dim: #5c6570; --paper: #fff; --line: #e3e7ec; --soft: #f6f8fa; --good: #1a7f4b;
  --bad: #c02f1d;
  --c1: #2f6fb5; --c2: #7a52b3; --c3: #cf4a36; --c4: #d08a1d; --c5: #3f9d9d; --c6: #8a6d4b }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --dim: #9aa4b0; --paper: #14181d;
  --line: #2b323a;
  --soft: #1b2128; --good: #4cc38a; --bad: #ff7b66; --c1: #6aa8ec; --c2: #b394e8; --c3: #f0705c; --c4: #e9b04f;
  --c5: #6cc7c7;
  --c6: #c4a47c } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.25rem 3rem }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin: 0 0 .3rem }
header p { margin: 0 } .dim { color: var(--dim); font-size: .9rem; margin: 0 0 .6rem }
section { margin-top: 2.2rem } .short { background: var(--soft); border: 1px solid var(--line); border-radius: 8px;
  padding: 1rem 1.25rem; margin-top: 1.2rem }
.short ul { margin: 0; padding: 0; list-style: none } .short li { padding: .12rem 0 .12rem 1.5rem;
  position: relative }
.short li::before { content: "\\2022"; position: absolute; left: .35rem; color: var(--dim) }
.short li.good::before { content: "\\2713"; color: var(--good); font-weight: 700; left: .15rem }
.short li.bad::before { content: "!"; color: var(--bad); font-weight: 700 }
svg { width: 100%; height: auto; display: block } svg text { font: 12px system-ui, "DejaVu Sans", sans-serif;
  fill: var(--dim) }
.chart { overflow-x: auto } .chart svg { min-width: 36rem }
.grid { stroke: var(--line) } .rail { fill: var(--line) } .mark { stroke: var(--ink); stroke-width: 2 }
rect.good { fill: var(--good) } rect.bad { fill: var(--bad) }
.c1 { fill: var(--c1); stroke: var(--c1) } .c2 { fill: var(--c2); stroke: var(--c2) }
.c3 { fill: var(--c3); stroke: var(--c3) } .c4 { fill: var(--c4); stroke: var(--c4) }
.c5 { fill: var(--c5); stroke: var(--c5) } .c6 { fill: var(--c6); stroke: var(--c6) }
rect[class^=c] { stroke: none } .line { fill: none; stroke-width: 2; stroke-linejoin: round }
.legend { margin: .2rem 0 0 4rem; color: var(--dim); font-size: .85rem } .key { margin-right: 1.2rem;
  white-space: nowrap }
.key svg { width: .7rem; height: .7rem; display: inline-block; margin-right: .4rem }
.wide { overflow-x: auto; margin-top: .5rem } table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { padding: .28rem .7rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; text-align: left }
thead th { color: var(--dim); font-weight: 600; white-space: nowrap } tbody th { font-weight: 500 }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap } .out { color: var(--bad);
  font-weight: 600 }
.text { min-width: 16rem; padding-left: 1rem } details { margin-top: .5rem } summary { cursor: pointer;
  color: var(--dim);
  font-size: .9rem } footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .8rem }
@media screen and (max-width: 40rem) { table:has(.text) thead { display: none }
  tr:has(.text) { display: grid; grid-template-columns: 1fr auto auto auto; border-bottom: 1px solid var(--line) }
  tr:has(.text) > * { border: 0; padding-right: 0; padding-left: .7rem } tr:has(.text) > th { padding-left: 0 }
  tr:has(.text) > .text { grid-column: 1 / -1; min-width: 0; padding: 0 0 .4rem } }
@media print { :root { font-size: 11px } body { font-size: 1rem; max-width: none; padding: 0 }
  section { break-inside: avoid; margin-top: 1.2rem }
  details::details-content { content-visibility: visible; block-size: auto } summary { list-style: none }
  .short { border-color: #999 } * { print-color-adjust: exact } }
"""
