/**
 * What runs in the reader's browser. Each function's source text is inlined in the page, so it refers to nothing
 * outside itself except the browser and the functions named in its parameters.
 */
import type { ExpressionCompiler } from './expressions.js';

type Compiled = (...values: unknown[]) => unknown;

interface LiveView {
  width(pixels: number): LiveView;
  runAsync(): Promise<LiveView>;
  toSVG(): Promise<string>;
}

interface VegaRuntime {
  parse(spec: unknown): unknown;
  loader(): object;
  View: new (runtime: unknown, options: object) => LiveView;
}

/** Names under which the page's scripts meet. */
interface PageGlobals {
  vega?: VegaRuntime;
  careCompiler?: (compile: (parameters: readonly string[], code: string) => Compiled) => ExpressionCompiler;
  careLinks?: typeof keepInside;
  careExpressions?: readonly Compiled[];
}

/** Where a chart's pictures and links may lead: into the page itself, and nowhere else. */
export function keepInside(url: string, options?: { readonly context?: string }): Promise<{ href: string }> {
  if (/^data:image\/(png|jpeg|gif|webp)[;,]/.test(url)) return Promise.resolve({ href: url });
  return Promise.resolve({ href: options?.context === 'image' ? 'data:,' : '#' });
}

/** Opens folds that a link points into or that a print must show. */
export function openFolds(): void {
  const openAround = (): void => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id === '' ? null : document.getElementById(id);
    for (let fold = target?.closest('details'); fold; fold = fold.parentElement?.closest('details'))
      fold.open = true;
    target?.scrollIntoView();
  };
  addEventListener('hashchange', openAround);
  openAround();
  const opened: HTMLDetailsElement[] = [];
  addEventListener('beforeprint', () => {
    document.querySelectorAll<HTMLDetailsElement>('details.unfold-in-print:not([open])').forEach((fold) => {
      fold.open = true;
      opened.push(fold);
    });
  });
  addEventListener('afterprint', () => {
    for (const fold of opened.splice(0)) fold.open = false;
  });
}

/** Puts live charts in the place of still ones as they come into view, and offers each picture as a file. */
export function bringChartsToLife(): void {
  const page = globalThis as PageGlobals;
  const unpack = async (name: string): Promise<string> => {
    const packed = document.querySelector(`script[data-packed="${name}"]`)?.textContent.trim() ?? '';
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Response(stream).text();
  };
  const load = async (): Promise<Readonly<Record<string, unknown>>> => {
    const script = document.createElement('script');
    script.textContent = await unpack('runtime');
    document.head.append(script);
    return JSON.parse(await unpack('charts')) as Readonly<Record<string, unknown>>;
  };
  let loading: Promise<Readonly<Record<string, unknown>>> | undefined;
  const live = new Map<Element, LiveView>();

  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.setAttribute('role', 'tooltip');
  tip.hidden = true;
  document.body.append(tip);
  const showTip = (
    _: unknown,
    event: MouseEvent,
    __: unknown,
    value: object | string | number | null,
  ): void => {
    tip.hidden = value === null || value === '';
    if (value === null) return;
    const rows: (readonly [string, unknown])[] =
      typeof value === 'object' ? Object.entries(value) : [['', value]];
    tip.replaceChildren(
      ...rows
        .filter(
          ([, content]) =>
            content !== undefined && content !== '' && content !== 'undefined' && content !== 'null',
        )
        .map(([name, content]) => {
          const row = document.createElement('div');
          const label = document.createElement('span');
          label.textContent = name;
          const number = document.createElement('b');
          number.textContent = String(content);
          row.append(label, number);
          return row;
        }),
    );
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 16 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${below ? event.clientY + 16 : event.clientY - tip.offsetHeight - 12}px`;
  };

  const fitting = (chart: HTMLElement): number => Math.min(Number(chart.dataset['width']), chart.clientWidth);
  const known = new Map<string, Compiled>();
  const compile = (parameters: readonly string[], code: string): Compiled => {
    if (known.size === 0) page.careExpressions?.forEach((each) => known.set(each.toString(), each));
    const source = `function(${parameters.join(',')}){${code}}`.replaceAll(/<(?=\/script|!--)/gi, '<\\');
    const found = known.get(source);
    if (!found) throw new Error('An expression of this chart is not in the page.');
    return found;
  };

  const enliven = async (chart: HTMLElement): Promise<void> => {
    loading ??= load();
    const specs = await loading;
    const { vega, careCompiler } = page;
    const phone = chart.clientWidth < 480 ? specs[`${chart.id}~narrow`] : undefined;
    const spec = phone ?? specs[chart.id];
    if (!vega || !careCompiler || spec === undefined) return;
    const place = document.createElement('div');
    place.className = 'live';
    const flexible = chart.dataset['flexible'] !== undefined;
    const sized = flexible ? { ...(spec as object), width: fitting(chart) } : spec;
    const view = new vega.View(vega.parse(sized), {
      expr: careCompiler(compile),
      loader: Object.assign(vega.loader(), { sanitize: page.careLinks }),
      renderer: 'svg',
      container: place,
      hover: true,
      tooltip: showTip,
      logLevel: 0,
    });
    place.style.maxWidth = `${Number(chart.dataset['width']) * (flexible ? 1 : 1.25)}px`;
    await view.runAsync();
    chart.replaceChildren(place);
    chart.dataset['live'] = '';
    live.set(chart, view);
    if (flexible) followWidth(chart, view);
  };

  const followWidth = (chart: HTMLElement, view: LiveView): void => {
    let width = fitting(chart);
    new ResizeObserver(() => {
      if (fitting(chart) === width || chart.clientWidth === 0) return;
      width = fitting(chart);
      void view.width(width).runAsync();
    }).observe(chart);
  };

  const savePictures = (figure: Element): void => {
    const name = figure instanceof HTMLElement ? (figure.dataset['name'] ?? 'figure') : 'figure';
    const pictures = Array.from(figure.querySelectorAll('.chart')).map(
      (chart) => chart.querySelector('.live svg, .at-wide svg, .at-any svg') ?? chart.querySelector('svg'),
    );
    pictures.forEach((picture, index) => {
      if (!picture) return;
      const copy = picture.cloneNode(true) as SVGElement;
      copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
      const colours = getComputedStyle(document.documentElement);
      copy.style.background = 'var(--page)';
      copy.style.fontFamily = getComputedStyle(picture).fontFamily;
      const text = new XMLSerializer()
        .serializeToString(copy)
        .replaceAll(/var\((--[\w-]+)\)/g, (_, name: string) => colours.getPropertyValue(name).trim());
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
      link.download = pictures.length === 1 ? `${name}.svg` : `${name}-${index + 1}.svg`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  };

  document.querySelectorAll<HTMLButtonElement>('[data-save-svg]').forEach((button) => {
    const figure = button.closest('figure');
    if (!figure) return;
    button.hidden = false;
    button.addEventListener('click', () => savePictures(figure));
  });

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watcher.unobserve(entry.target);
        // A chart that fails to wake stays as the still picture that it is.
        enliven(entry.target as HTMLElement).catch((error: unknown) => console.warn(error));
      }
    },
    { rootMargin: '200px' },
  );
  document.querySelectorAll('.chart').forEach((chart) => watcher.observe(chart));
}
