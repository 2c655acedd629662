import { MONO, SANS, SERIF, themeDeclarations } from '../theme.js';

/** Colours of the page beside those of the charts; text colours have a contrast of at least 4.5 in both schemes. */
const LIGHT = `--soft:#f4f2ec;--line:#dcd9d0;--link:#0a5a94;--focus:#0072b2;--warn-ink:#5c2a00;--warn-page:#ffe9cf;
--warn-line:#d55e00;--code-key:#8a2a6a;
--code-text:#1d6b3e;--code-number:#8f4700;--code-note:#64645f;--tip:#232321;--tip-ink:#f7f6f2;`;
const DARK = `--soft:#1f2228;--line:#363940;--link:#79b8ec;--focus:#79b8ec;--warn-ink:#ffd9ae;--warn-page:#3a2413;
--warn-line:#e07a2c;--code-key:#e08fc4;
--code-text:#8fce9f;--code-number:#e9b27a;--code-note:#9b9b95;--tip:#e9e7e2;--tip-ink:#191a1d;`;

/** The style of every page that this room writes. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;${themeDeclarations('light')}${LIGHT}}
@media screen and (prefers-color-scheme:dark){:root{${themeDeclarations('dark')}${DARK}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1.5rem}
body{margin:0;background:var(--page);color:var(--ink);font:400 1.1rem/1.6 ${SERIF};overflow-wrap:break-word}
main,footer{display:grid;grid-template-columns:minmax(1rem,1fr) minmax(0,37rem) minmax(0,33rem) minmax(1rem,1fr)}
main>*,footer>*{grid-column:2;min-width:0}
main>.wide{grid-column:2/4}
main>.wide>*{max-width:100%}
a{color:var(--link);text-decoration-thickness:.06em;text-underline-offset:.15em}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:2px}
h1,h2,h3,h4,h5,h6{line-height:1.2;text-wrap:balance;margin:2.2em 0 .6em;font-weight:600}
h1{font-size:clamp(1.75rem,1.2rem + 2.2vw,2.6rem);margin:0;letter-spacing:-.01em}
h2{font-size:1.6rem;margin-top:2.2em}
h3{font-size:1.25rem}h4,h5,h6{font-size:1.05rem}
p{margin:0 0 1em}
.sans,table,.facts,.badges,.place,.panel-title,.actions,.fold>summary,.note,.kicker,.contents,.compare dt,.warning,footer,.tip,
.problem,.out,.record,.why,.unit,.stderr{font-family:${SANS}}
code,pre,kbd,samp{font-family:${MONO};font-size:.86em}
pre{overflow-x:auto;padding:.9rem 1rem;background:var(--soft);border-radius:4px;line-height:1.5;margin:0 0 1em;font-size:.82rem;tab-size:2}
pre code{font-size:1em}
img{max-width:100%;height:auto;background:#fff}
blockquote{margin:0 0 1em;padding-left:1rem;border-left:3px solid var(--line);color:var(--muted)}
hr{border:0;border-top:1px solid var(--line);margin:2.5em 0}
math{font-size:1.06em}
.formula{display:block;overflow-x:auto;overflow-y:hidden;margin:.4em 0;padding:.3em 0}
.left-out,.missing{color:var(--muted);font-style:italic}
.missing{font-family:${SANS}}

.warning{grid-column:1/-1;background:var(--warn-page);color:var(--warn-ink);border-bottom:3px solid var(--warn-line);padding:.7rem max(1rem,calc(50% - 35rem));font-size:1rem;font-weight:600;line-height:1.4}
.kicker{color:var(--muted);font-size:.85rem;margin:2.2rem 0 .5rem}
.answer{font-size:clamp(1.15rem,1rem + .6vw,1.35rem);line-height:1.45;margin:.7rem 0 0;max-width:62ch}
.badges{list-style:none;display:flex;flex-wrap:wrap;gap:.5rem;margin:1.1rem 0 0;padding:0;font-size:.9rem;line-height:1.3}
.badges>li{margin:0}
.badge{display:flex;flex-wrap:wrap;align-items:center;gap:.2rem .6rem;border:1px solid var(--line);border-radius:4px;padding:.35rem .65rem;color:var(--ink);text-decoration:none}
a.badge:hover{border-color:var(--muted)}
.badge-link{color:var(--muted);text-decoration:none}
.badge-link:not(:last-child)::after{content:"\\00b7";margin-left:.6rem;display:inline-block}
a.badge-link:hover{color:var(--ink);text-decoration:underline}
.verdict{display:inline-flex;align-items:center;gap:.4em;font-family:${SANS};font-weight:600;white-space:nowrap}
.verdict .shape{flex:none}
.v-yes{color:var(--v-yes)}.v-half{color:var(--v-half)}.v-no{color:var(--v-no)}.v-none{color:var(--v-none)}
.facts{display:flex;flex-wrap:wrap;gap:.15rem 1.4rem;margin:1.2rem 0 0;font-size:.85rem;line-height:1.5;border-top:1px solid var(--line);padding-top:.7rem}
.facts>div{display:flex;gap:.45em;min-width:0}
.facts dd{overflow-wrap:anywhere}.facts dt{flex:none}
.facts dt,.record dt{color:var(--muted)}
.facts dd,.record dd,.compare dd{margin:0;min-width:0}
.contents{margin:1.6rem 0 1.8rem;font-size:.9rem;border-top:1px solid var(--line);border-bottom:1px solid var(--line);padding:.7rem 0}
.contents ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.3rem;margin:0;padding:0}

.block{margin:1.2rem 0 1.9rem}
.text>:first-child{margin-top:0}.text>h2:first-child{margin-top:2.6rem}.text>h3:first-child{margin-top:1.8rem}
sub,sup{line-height:0;font-size:.75em}
figure{margin-left:0;margin-right:0}
.figure-title{margin:0 0 .55em;max-width:44rem;font-size:1.2rem}
.hero .block{margin:1.4rem 0 .9rem}
.hero .figure-title{font-size:1.1rem;font-weight:600}
.place{color:var(--muted);font-size:.85rem;margin:-.3rem 0 .9rem}
.panel-box{container-type:inline-size}
.panels{display:grid;gap:.9rem 9px}
.panel{min-width:0;break-inside:avoid}
.panel-title{margin:0 0 .15rem;font-size:.82rem;line-height:1.3;font-weight:600}
.chart svg{display:block;font-family:${SANS};width:100%;height:auto}
.chart .live{width:100%}
.chart-scroll{overflow-x:auto}.chart-scroll svg{width:auto;max-width:none}
.at-narrow{display:none}
.gallery-box{margin:0 0 1.3rem;break-inside:avoid}
.lead{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;margin:.3rem 0 .5rem}
.lead-picture{display:inline-flex;align-items:center;gap:.6rem;font-family:${SANS};font-size:.85rem;line-height:1.35;max-width:100%}
.thumb{display:block;flex:none;width:48px;height:48px;object-fit:cover;border-radius:2px}
.thumb.marked{outline:2px solid var(--ink);outline-offset:1px}
.lead .thumb{width:64px;height:64px}
.strip{list-style:none;display:flex;gap:6px;margin:0;padding:3px}
.strip li{margin:0}
.block table.gallery{min-width:0}
.gallery th,.gallery td{padding:.25rem 1.4rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:middle}
.gallery thead>tr>*{border-bottom:0;padding-bottom:0}
.mark-sample{display:inline-block;width:.8em;height:.8em;outline:2px solid var(--ink);outline-offset:-1px;vertical-align:-.05em}
.compare{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));gap:.4rem 1.8rem;margin:1rem 0 0;font-size:1rem;line-height:1.5}
.compare dt{font-size:.82rem;font-weight:600;color:var(--muted)}
.compare p{margin:0 0 .5em}
.alt{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.behind{position:relative;margin-top:.8rem;display:flex;flex-wrap:wrap;gap:0 1.3rem;align-items:baseline}
.behind>.fold[open]{flex:1 0 100%;min-width:0}
.actions{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:0;font-size:.85rem}
.action{font:inherit;color:var(--link);background:none;border:0;padding:.15rem 0;cursor:pointer;text-decoration:underline;text-decoration-thickness:.06em;text-underline-offset:.15em}
.fold{margin:0}
.fold>summary{cursor:pointer;color:var(--link);font-size:.85rem;padding:.2rem 0;width:fit-content;max-width:100%}
.fold[open]>summary{margin-bottom:.5rem}
.cell{margin:0 0 .3rem}
.cell>summary{color:var(--muted)}
.note{color:var(--muted);font-size:.88rem;line-height:1.45;margin-top:.5rem}
.note p{margin:0}

.scroll{overflow-x:auto;max-width:100%;position:relative}
table{border-collapse:collapse;font-size:.88rem;line-height:1.4;font-variant-numeric:tabular-nums lining-nums}
.block table{min-width:min(100%,42rem)}
caption{text-align:left;font-weight:600;padding:0 0 .5rem;caption-side:top}
th,td{text-align:left;vertical-align:top;padding:.42rem .8rem .42rem 0;border-bottom:1px solid var(--line);font-weight:400}
th:last-child,td:last-child{padding-right:0}
thead th{border-bottom:1.5px solid var(--ink);vertical-align:bottom;font-weight:600}
.unit{font-weight:400;color:var(--muted)}
.num{text-align:right;white-space:nowrap}
thead .num{white-space:normal}
.tail{display:inline-block;text-align:left;white-space:pre}
.paper{font-style:italic}
.settings th,.claims th{min-width:11rem}
.settings td,.claims td{min-width:8.5rem}
.differs{color:var(--v-no);font-weight:600;white-space:nowrap}.same{color:var(--muted)}
.row-differs{background:var(--soft)}
.row-differs th{box-shadow:inset 3px 0 0 var(--v-no);padding-left:.7rem}
.why{color:var(--muted);font-size:.95em}
.claims{width:100%}
.claims tr:first-child>*{border-bottom:0;padding-bottom:.1rem;padding-top:.8rem}
.claims tbody th{font-weight:600;max-width:24rem}
.claims thead tr:first-child>*{border-bottom:1.5px solid var(--ink);padding-bottom:.42rem}
.claims .where{display:block;font-style:normal;color:var(--muted);font-size:.92em}
.because p{margin:0 0 .25rem;max-width:54rem}.because .from{color:var(--muted)}
.because td{padding-bottom:.8rem}
.claims tbody:target{background:var(--soft)}
.filter{border:0;margin:0 0 1.2rem;padding:0;display:flex;flex-wrap:wrap;gap:.45rem .5rem;font:400 .9rem/1.3 ${SANS}}
.filter legend{float:left;padding:.4rem .5rem .4rem 0;color:var(--muted)}
.choice{position:relative;display:inline-flex}
.choice input{position:absolute;inset:0;margin:0;opacity:0;cursor:pointer}
.choice label{display:inline-flex;align-items:center;gap:.5em;border:1px solid var(--line);border-radius:4px;padding:.35rem .65rem}
.choice input:hover+label{border-color:var(--muted)}
.choice input:checked+label{border-color:var(--ink);box-shadow:inset 0 0 0 1px var(--ink);background:var(--soft)}
.choice input:focus-visible+label{outline:3px solid var(--focus);outline-offset:2px}
.choice input:disabled{cursor:default}.choice input:disabled+label{border-style:dashed}
.count{font-variant-numeric:tabular-nums;color:var(--muted)}
.claim-section{margin:0 0 2rem}
.claim-section h3{margin:1.6rem 0 .4rem}
.index-claims{width:100%;table-layout:fixed}
.index-claims th:nth-child(1){width:34%}.index-claims th:nth-child(2){width:15%}.index-claims th:nth-child(3){width:21%}
.index-claims th:nth-child(4){width:14.5%}.index-claims td{overflow-wrap:break-word}
.group-head th{font-weight:400;background:var(--soft);padding:.55rem .7rem;border-bottom:0}
.group-place{font-weight:600;margin-right:.35em}
.index-claims tbody th[scope=row]{padding-left:.7rem}
.index-claims .from,.index-claims .paper{font-size:.94em;line-height:1.4}
.index-claims .fold p{margin:.3rem 0;color:var(--muted)}
.index-claims tr:target{background:var(--soft)}
.runs{margin-top:1rem}
.record{margin:0 0 .6rem;font-size:.88rem;line-height:1.5}
.record>div{display:grid;grid-template-columns:8rem minmax(0,1fr);gap:.2rem 1rem;padding:.15rem 0}
.record dd{overflow-wrap:anywhere}
.run{border-bottom:1px solid var(--line);padding:.15rem 0}

.out{margin:.6rem 0 1rem}
.out pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.stderr{color:var(--muted);font-size:.85rem;margin:0 0 .3rem}
.problem{border-left:4px solid var(--v-no);padding:.5rem .8rem;margin:0 0 1rem;font-size:.92rem;background:var(--soft)}
.answer+.problem{margin:.7rem 0 0}
.problem pre{padding:.4rem 0;background:none}
.tip{position:fixed;z-index:9;pointer-events:none;background:var(--tip);color:var(--tip-ink);font-size:.8rem;line-height:1.4;padding:.45rem .6rem;border-radius:4px;max-width:min(20rem,90vw);font-variant-numeric:tabular-nums}
.tip div{display:flex;justify-content:space-between;gap:1rem}.tip b{font-weight:600;overflow-wrap:anywhere}
footer{color:var(--muted);font-size:.85rem;margin:4rem 0 3rem}
footer p{border-top:1px solid var(--line);padding-top:.8rem}
.hljs-keyword,.hljs-literal,.hljs-meta{color:var(--code-key)}.hljs-string,.hljs-regexp{color:var(--code-text)}
.hljs-number,.hljs-built_in,.hljs-attr{color:var(--code-number)}.hljs-comment{color:var(--code-note);font-style:italic}
.hljs-title,.hljs-type{color:var(--link)}

@media (max-width:46rem){
body{font-size:1.06rem}
main,footer{grid-template-columns:1rem minmax(0,1fr) 0 1rem}
h2{font-size:1.4rem}
.at-wide{display:none}.at-narrow{display:block}
.scroll thead th:first-child,.scroll tbody th{position:sticky;left:0;background:var(--page);z-index:1;max-width:46vw;min-width:6.5rem;padding-right:.6rem}
.claims tbody th{max-width:none;min-width:11rem}
.claims,.claims tbody,.claims tr,.claims td,.claims th{display:block}
.claims thead{display:none}
.claims tbody tr:first-child>*{padding:.1rem 0;min-width:0;border:0;position:static}
.claims tbody tr:first-child>th{padding-top:.9rem}
.claims td.paper::before{content:"The paper: ";font-style:normal;color:var(--muted)}
.claims td.paper .where{display:inline}
.claims td.ours:nth-of-type(2)::before{content:"Ours: ";color:var(--muted)}
.claims td.ours:nth-of-type(3)::before{content:"Difference: ";color:var(--muted)}
.claims .because td{padding:.2rem 0 .9rem}
.gallery,.gallery tbody,.gallery tr,.gallery td,.gallery th{display:block}
.gallery thead{display:none}
.gallery tbody tr{border-bottom:1px solid var(--line);padding:.35rem 0}
.gallery tbody tr>*{border:0;padding:.1rem 0;position:static;max-width:none}
.gallery td::before{content:attr(data-column);display:block;color:var(--muted);font-size:.92em}
.settings,.settings tbody,.settings tr,.settings td,.settings th{display:block;min-width:0}
.settings thead{display:none}
.settings tbody tr>*{border:0;padding:.05rem 0;position:static;max-width:none;min-width:0;background:none}
.settings tbody tr{border-bottom:1px solid var(--line);padding:.55rem 0}
.settings tbody th{font-weight:600}
.settings .row-differs{box-shadow:inset 3px 0 0 var(--v-no);padding-left:.7rem}
.settings .row-differs th{box-shadow:none;padding-left:0}
.settings td.paper::before{content:"The paper: ";font-style:normal;color:var(--muted)}
.settings td.ours::before{content:"Ours: ";color:var(--muted)}
.index-claims,.index-claims tbody,.index-claims tr,.index-claims td,.index-claims th{display:block;width:auto!important;min-width:0;max-width:none}
.index-claims thead{display:none}
.index-claims tbody tr>*{border:0;padding:.1rem 0;position:static;background:none}
.index-claims tbody th{max-width:none}
.index-claims tbody tr:not(.group-head){border-bottom:1px solid var(--line);padding:.7rem 0}
.index-claims tbody th[scope=row]{font-weight:600;padding-left:0}
.index-claims .fold{font-weight:400}
.index-claims tbody .group-head{background:var(--soft);margin-top:1.2rem}
.index-claims tbody .group-head th{padding:.55rem .7rem}
.index-claims td.paper:not(:empty)::before{content:"The paper: ";font-style:normal;color:var(--muted)}
.index-claims td.ours::before{content:"Ours: ";color:var(--muted)}
.index-claims td.from::before{content:"From: ";color:var(--muted)}
.stacked,.stacked tbody,.stacked tr,.stacked td,.stacked th{display:block;min-width:0}
.stacked thead{display:none}
.stacked tbody tr>*{border:0;padding:.1rem 0;position:static;max-width:none}
.stacked tbody tr{border-bottom:1px solid var(--line);padding:.6rem 0}
.stacked tbody th{font-weight:600;max-width:none}
.stacked td::before{content:attr(data-title) ": ";font-style:normal;color:var(--muted)}
.overview td:not(.num){min-width:8.5rem}
.record>div{grid-template-columns:1fr;gap:0}
}
@media print{
@page{margin:16mm 14mm}
html{font-size:12px}
body{font-size:10.5pt;background:#fff}
main,footer{display:block}
h1{font-size:20pt}h2{font-size:15pt;margin-top:1.6em}
h1,h2,h3,h4,.figure-title,.place,.panel-title{break-after:avoid}
figure.single,figure .chart,.panel,.problem,.compare,tr,.claims tbody,.badges,.warning,.compare>div,.record>div{break-inside:avoid}
thead{display:table-header-group}
.scroll{overflow:visible}
table{font-size:8.5pt;width:100%}
.num,.differs,.verdict{white-space:normal}
.settings th,.claims th,.settings td,.claims td,.block table{min-width:0}
.index-claims tr,.group-head{break-inside:avoid}
.group-head{break-after:avoid;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.actions,.contents,.cell,.behind .fold,.tip,.filter{display:none}
details.unfold-in-print::details-content{content-visibility:visible;height:auto;display:block}
.run>summary{list-style:none;color:var(--ink);font-weight:600}
pre{white-space:pre-wrap;font-size:7.5pt;overflow:visible}
.formula{overflow:visible}
a{color:inherit}
a[href^="http"]::after{content:" (" attr(href) ")";font-size:.85em;overflow-wrap:anywhere}
.warning{border:2pt solid var(--warn-line)}
.verdict .shape,.row-differs,.thumb{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`;
