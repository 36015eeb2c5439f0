"""The look of a report's page: readable on a phone, in the dark, and on paper."""

CSS = """
:root { color-scheme: light dark; --ink: #1b1d21; --soft: #5c636e; --paper: #ffffff; --card: #f4f5f7; --line: #d9dce1;
  --link: #0b57a4; --mark: #b3400a; --markback: #fde9dc; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9eaee; --soft: #a3a9b4; --paper: #15171a; --card: #1f2226;
  --line: #363b42; --link: #86bdf5; --mark: #ffb48a; --markback: #4a2513; } }
* { box-sizing: border-box; }
html { font: 17px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
body { margin: 0; color: var(--ink); background: var(--paper); overflow-wrap: break-word; }
main { max-width: 1240px; margin: 0 auto; padding: 1.2rem 1rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1rem 0; }
h2 { font-size: 1.45rem; margin: 3rem 0 .6rem; border-top: 3px solid var(--line); padding-top: 1.2rem; }
h3 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
h4 { font-size: 1.02rem; margin: 1.6rem 0 .4rem; }
p, ul { max-width: 46rem; }
a { color: var(--link); }
img { max-width: 100%; height: auto; display: block; border-radius: 8px; }
figure { margin: 1rem 0; }
figcaption, .small { color: var(--soft); font-size: .86rem; }
.note { background: var(--card); border-left: 4px solid var(--link); padding: .7rem 1rem; border-radius: 4px;
  max-width: 46rem; }
.bad { border-left-color: var(--mark); }
.marked img { max-height: 26rem; width: auto; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: .25rem .7rem; align-items: center;
  max-width: 30rem; margin: .5rem 0; }
.bar { background: var(--card); border-radius: 4px; height: 1rem; overflow: hidden; }
.bar i { display: block; height: 100%; border-radius: 4px; box-shadow: inset 0 0 0 1px rgba(0, 0, 0, .25); }
.scroll { overflow-x: auto; margin: .4rem 0 1rem; }
table { border-collapse: collapse; font-size: .76rem; font-variant-numeric: tabular-nums; min-width: 100%; }
caption { text-align: left; color: var(--soft); padding: .2rem 0; }
th, td { padding: .28rem .36rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { vertical-align: bottom; font-weight: 600; }
thead tr:first-child th { text-align: center; }
th[scope=row] { text-align: left; position: sticky; left: 0; background: var(--paper); }
td.first, th.first { border-left: 2px solid var(--line); }
td.same { background: var(--markback); color: var(--mark); font-weight: 600; }
td.fixed, td.none { color: var(--soft); }
td.none { text-align: left; white-space: normal; }
tr.chance th, tr.chance td { color: var(--soft); font-style: italic; }
@media (max-width: 700px) { html { font-size: 16px; }
  .wide { overflow-x: auto; } .wide img { max-width: none; }
  .wide .strip { width: 980px; } .wide .sheet { width: 640px; } }
@media print {
  :root { --ink: #000; --soft: #444; --paper: #fff; --card: #eee; --line: #bbb; --link: #000; --mark: #000;
    --markback: #ddd; }
  html { font-size: 11px; } main { max-width: none; padding: 0; }
  .scroll { overflow: visible; } table { font-size: .74rem; } th, td { padding: .16rem .28rem; }
  figure, table, .note { break-inside: avoid; } h2, h3, h4 { break-after: avoid; }
  figure img { max-height: 92vh; width: auto; } .bar, td.same { print-color-adjust: exact; }
}
"""
