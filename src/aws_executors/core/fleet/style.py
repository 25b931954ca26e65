"""How the fleet page looks, in light and in dark.

Law: one text of CSS, with nothing from elsewhere in it. The page goes with Airflow's own choice of colours
where it stands in Airflow's frame (the script says which), else with the browser's.
"""

STYLE = """
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f7f9, #11161d);
  --card: light-dark(#ffffff, #182029);
  --line: light-dark(#e3e7ec, #2a3542);
  --text: light-dark(#1b2530, #e4eaf1);
  --dim: light-dark(#5d6b7a, #94a3b4);
  --link: light-dark(#0b5fc0, #79b8ff);
  --waiting: light-dark(#8d99a8, #7f8c9b);
  --submitting: light-dark(#b7791f, #e3b04b);
  --starting: light-dark(#7a5af0, #a48bff);
  --running: light-dark(#12936a, #3ccf98);
  --ending: light-dark(#2b7bd6, #62a8f5);
  --bad: light-dark(#c9332c, #ff7b72);
  --bad-soft: light-dark(#fdeceb, #3a1f20);
}
:root[data-theme=light] { color-scheme: light; }
:root[data-theme=dark] { color-scheme: dark; }
* { box-sizing: border-box; }
body {
  margin: 0; padding: 1.25rem clamp(.75rem, 2vw, 2rem) 2rem; background: var(--page); color: var(--text);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Open Sans", sans-serif;
}
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .9rem; margin-bottom: 1rem; }
h1 { font-size: 1.35rem; line-height: 1.2; margin: 0; font-weight: 650; letter-spacing: -.01em; }
h2 { font-size: .95rem; margin: 0; font-weight: 650; }
header p { margin: 0; color: var(--dim); }
#state { margin-left: auto; color: var(--dim); font-size: .85rem; white-space: nowrap; }
#state::before {
  content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%; margin-right: .45em;
  background: var(--running);
}
#state[data-state=lost] { color: var(--bad); }
#state[data-state=lost]::before { background: var(--bad); }
.tiles {
  display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: .75rem; margin-bottom:
  .75rem;
}
.tile {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .7rem .9rem .75rem;
  border-top: 3px solid var(--hue);
}
.tile b {
  display: block; font-size: 1.9rem; line-height: 1.15; font-weight: 650;
  font-variant-numeric: tabular-nums;
}
.tile span { color: var(--dim); font-size: .85rem; }
.tile.none b { color: var(--dim); font-weight: 500; }
.cards {
  display: grid; grid-template-columns: minmax(0, 7fr) minmax(0, 6fr); gap: .75rem; align-items: stretch;
}
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; min-width: 0;
}
.card.wide { grid-column: 1 / -1; }
.card > .head {
  display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .75rem; padding: .7rem .9rem .55rem;
}
.card > .head small, .note { color: var(--dim); font-size: .83rem; }
.note { margin: 0; padding: 0 .9rem .8rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th {
  text-align: left; font-weight: 500; font-size: .78rem; color: var(--dim); padding: .3rem .9rem;
  border-bottom: 1px solid var(--line); white-space: nowrap;
}
td { padding: .42rem .9rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
tbody tr:hover td { background: light-dark(#f8fafc, #1c2631); }
td small { color: var(--dim); display: block; overflow-wrap: break-word; }
td.name { min-width: 9.5rem; max-width: 26rem; }
.wide td.name { min-width: 17rem; }
.card:not(.wide) :is(th, td):not(:first-child, :last-child) { padding-inline: .45rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.nowrap { white-space: nowrap; }
.zero { color: var(--dim); opacity: .55; }
.task { font-weight: 550; overflow-wrap: anywhere; }
td.said { min-width: 18rem; overflow-wrap: anywhere; }
.mono { font: .92em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.badge {
  display: inline-block; padding: 0 .55em; border-radius: 99px; font-size: .8rem; line-height: 1.55;
  color: var(--hue); border: 1px solid var(--hue); white-space: nowrap;
}
.bad { color: var(--bad); }
.waiting { --hue: var(--waiting); } .submitting { --hue: var(--submitting); }
.starting { --hue: var(--starting); } .running { --hue: var(--running); } .ending { --hue: var(--ending); }
svg.bar {
  display: block; width: 100%; min-width: 7rem; height: 8px; border-radius: 4px; background:
  var(--line);
}
svg.bar rect { fill: var(--hue); }
svg.bar rect.granted { fill: var(--running); } svg.bar rect.slowed { fill: var(--submitting); }
.reasons { display: flex; flex-wrap: wrap; gap: .4rem; padding: 0 .9rem .75rem; margin: 0; list-style: none; }
.reasons li {
  background: var(--bad-soft); color: var(--bad); border-radius: 6px; padding: .1rem .55rem; font-size:
  .83rem;
}
.reasons b { font-variant-numeric: tabular-nums; }
.empty {
  background: var(--card); border: 1px dashed var(--line); border-radius: 10px; padding: 2.2rem 1.5rem;
  max-width: 46rem;
  margin: 2rem auto;
}
.empty h2 { font-size: 1.1rem; margin-bottom: .5rem; }
.empty ul { margin: .5rem 0 0; padding-left: 1.2rem; } .empty li { margin: .3rem 0; }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
input[type=search] {
  margin-left: auto; font: inherit; font-size: .85rem; color: inherit; background: var(--page); width:
  15rem; max-width: 100%;
  border: 1px solid var(--line); border-radius: 7px; padding: .25rem .6rem;
}
footer { color: var(--dim); font-size: .83rem; margin-top: 1rem; }
footer p { margin: .15rem 0; }
@media (max-width: 60rem) { .cards { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 38rem) { .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
"""
