/** The style sheet of pages: for screens in light and dark, wide and narrow, and for paper. */
import { background, seriesVariables } from './palette.ts';

const light = `
  --background: ${background.light}; --text: #1c2126; --muted: #59626b; --rule: #d5dade; --strong-rule: #1c2126;
  --link: #00568f; --panel: #f5f6f7; --notice: #fdf3e4; --notice-rule: #b3700a;
  ${seriesVariables('light')}`;

const dark = `
  --background: ${background.dark}; --text: #e3e6e8; --muted: #a1abb4; --rule: #363d44; --strong-rule: #c6ccd1;
  --link: #7fc1f0; --panel: #1d2226; --notice: #2d2518; --notice-rule: #d9a441;
  ${seriesVariables('dark')}`;

export const styleSheet = (): string => `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  max-width: 940px; margin: 0 auto; padding: 2.5rem 20px 3rem; background: var(--background); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", sans-serif;
  overflow-wrap: break-word;
}
h1 { margin: 0 0 .4rem; font-size: 1.4rem; line-height: 1.3; font-weight: 650; text-wrap: balance; overflow-wrap: anywhere; }
h2 { margin: 3rem 0 .8rem; font-size: 1.25rem; font-weight: 650; }
h3 { margin: 1.4rem 0 .3rem; font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; }
p, ul { margin: .6rem 0; }
main li { overflow-wrap: anywhere; }
main ul { padding-left: 1.2rem; }
main li + li { margin-top: .3rem; }
a { color: var(--link); text-underline-offset: .15em; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .88em; }
code { overflow-wrap: anywhere; }
pre { margin: .6rem 0; padding: .7rem .9rem; background: var(--panel); border-radius: 4px; white-space: pre-wrap; }
.kind { margin: 0 0 .3rem; color: var(--muted); font-size: .875rem; }
.lede { margin: 0 0 .9rem; color: var(--muted); font-size: .875rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 1.2rem 0 0; padding: .55rem 0; list-style: none;
  border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); font-size: .9rem; }
.notice { margin: .9rem 0; padding: .6rem .9rem; background: var(--notice); border-left: 3px solid var(--notice-rule); }
ul.notice { padding-left: 2rem; }
.remark, .bounds { color: var(--muted); }
.remark { font-weight: 400; font-size: .92em; }

.table { counter-increment: table; margin: 1.2rem 0 1.6rem; overflow-x: auto; container-type: inline-size; }
.table:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { width: 100%; border-collapse: separate; border-spacing: 0; font-size: .875rem; line-height: 1.4; font-variant-numeric: tabular-nums lining-nums;
  border-bottom: 1.5px solid var(--strong-rule); }
caption { padding-bottom: .5rem; text-align: left; }
caption > div { position: sticky; left: 0; max-width: 100cqi; }
tr > :first-child { position: sticky; left: 0; background: var(--background); }
th, td { padding: .38rem .4rem; text-align: left; vertical-align: baseline; font-weight: 400; }
tr > :first-child { padding-left: 0; }
tr > :last-child { padding-right: 0; }
thead th { border-top: 1.5px solid var(--strong-rule); border-bottom: 1px solid var(--strong-rule); vertical-align: bottom; font-weight: 600; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
.number { text-align: right; }
.groups > * { border-top: 1.5px solid var(--strong-rule); }
.groups > th { border-bottom: 0; padding-bottom: 0; text-align: center; }
.groups + tr > th { border-top: 0; }
tbody th { min-width: 6.5rem; }
.name { overflow-wrap: anywhere; }
.name > span, .whole { white-space: nowrap; }
#table-results tbody th { min-width: min(8.3rem, 34cqi); }
#table-runs td code { white-space: nowrap; }
td.number { white-space: nowrap; }
.model { display: flex; gap: .5rem; }
.model svg { flex: none; margin-top: .25em; }
.model .remark { display: block; }

#table-settings tbody th { min-width: min(13rem, 40cqi); }
body:has(.opening) { max-width: 1240px; }
.opening, .opening > div { display: grid; gap: .9rem 1.8rem; align-content: start; }
.opening figure { margin: 0; min-width: 0; }
.opening .legend { font-size: .8125rem; line-height: 1.35; }
.truth > p, .view > p { display: flex; gap: .45rem; margin: 0 0 .2rem; font-size: .8125rem; font-weight: 600; }
.view > p svg { flex: none; margin-top: .25em; }
.truth > div { display: grid; grid-template-columns: repeat(var(--images), 1fr); gap: 4px; max-width: 30rem; }
.truth .legend { margin: .3rem 0 0; }
.pictures { display: grid; gap: 4px 12px; margin-bottom: .5rem; }
.pictures > div { display: grid; grid-template-columns: repeat(var(--stages), minmax(0, 9rem)); gap: 4px; align-items: start; }
.heads { margin: 0; font-size: .75rem; color: var(--muted); }
.heads > div + div { display: none; }
.picture { display: block; width: 100%; height: auto; background: #14171a; overflow: hidden; }
.picture path { fill: none; stroke-width: 1.4px; vector-effect: non-scaling-stroke; }
.picture .rim { stroke: #14171a; stroke-width: 3px; opacity: .55; }
.missed path { stroke-width: 1.2px; stroke-dasharray: 3 2.5; }
.missed .rim { stroke-width: 2.2px; opacity: .35; }
.seen { position: relative; min-width: 0; }
.seen b { position: absolute; left: 0; bottom: 0; padding: 0 .3em; background: #14171a; color: #fff; font-size: .6875rem; font-weight: 400;
  line-height: 1.35; font-variant-numeric: tabular-nums; print-color-adjust: exact; }

main section > :not(.table) { max-width: 940px; }
figure { margin: 1.6rem 0 2.2rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 0 0 .3rem; padding: 0; list-style: none; font-size: .875rem; }
.legend li { display: flex; gap: .45rem; align-items: center; margin: 0; min-width: 0; }
.legend svg { flex: none; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: .6rem 1.2rem; align-items: start; }
.panels.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 270px), 1fr)); }
.panels > * { min-width: 0; }
.panels > .panel:only-child { max-width: 32rem; }
.panels > .wide { grid-column: 1 / -1; }
.panel svg { display: block; width: 100%; height: auto; overflow: visible; }
.panel text { font-family: inherit; }
figcaption, caption { font-size: .875rem; line-height: 1.45; }
figcaption { margin-top: .4rem; }
body { counter-reset: figure table; }
figcaption::before { counter-increment: figure; content: "Figure " counter(figure) ". "; font-weight: 650; }
caption > div::before { content: "Table " counter(table) ". "; font-weight: 650; }
.downloads { color: var(--muted); }
details { margin: 1.2rem 0; }
summary { cursor: pointer; }
dl > div { display: grid; grid-template-columns: 10rem 1fr; gap: 0 1rem; padding: .3rem 0; border-top: 1px solid var(--rule); }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
#live { position: sticky; top: 0; z-index: 1; margin: -1.5rem 0 1.5rem; padding: .5rem .9rem; background: var(--panel); border-radius: 4px;
  font-size: .875rem; font-variant-numeric: tabular-nums; }
#live p, #live ul { margin: 0; padding: 0; list-style: none; }
#live li { display: grid; grid-template-columns: minmax(8rem, 1fr) 2fr minmax(16rem, 1.4fr); gap: .8rem; align-items: center; }
#live progress { width: 100%; accent-color: var(--link); }
footer { margin-top: 3rem; padding-top: .6rem; border-top: 1px solid var(--rule); color: var(--muted); font-size: .875rem; }
@media (min-width: 560px) {
  .pictures { grid-template-columns: repeat(var(--images), auto); justify-content: start; }
  .heads > div + div { display: grid; }
  .opening > div { grid-template-columns: 1fr 1fr; }
}
@media screen and (min-width: 1000px) {
  body { padding-top: 1.3rem; }
  .opening { grid-template-columns: minmax(0, 4.3fr) minmax(0, 9fr); }
  .opening > div { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 560px) {
  body { padding: 1.4rem 16px 2rem; }
  h1 { font-size: 1.2rem; }
  dl > div { grid-template-columns: 1fr; }
}
@media print {
  :root { color-scheme: light; ${light} }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .downloads { display: none; }
  figure, tr { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  .table { overflow: visible; }
  a { color: inherit; text-decoration: none; }
}
`;
