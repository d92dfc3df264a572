// Draws charts with ECharts, in the house style: no animation, colours of the theme,
// texts from the table that the server wrote beside each chart.
import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import * as echarts from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

echarts.use([BarChart, CustomChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer])

// The content security policy forbids style attributes, not the properties that
// scripts set: what ECharts writes as an attribute becomes properties.
const setAttribute = SVGElement.prototype.setAttribute
SVGElement.prototype.setAttribute = function (name: string, value: string) {
  if (name === 'style') this.style.cssText = value
  else setAttribute.call(this, name, value)
}

type Series = { name: string; tone?: string; values?: (number | null)[]; low?: (number | null)[]; high?: (number | null)[]; last?: string }
type Drawing = {
  kind: 'bars' | 'stack' | 'wave' | 'line' | 'dots'
  unit?: string
  ticks: string[]
  series: Series[] | null
  usual?: Series
  marks?: { at: number; label: string; bad?: boolean }[]
  links?: string[]
  min?: number
  max?: number
}

const drawn = new WeakMap<HTMLElement, { chart: echarts.ECharts; json: string; area: HTMLElement }>()
const all = new Set<HTMLElement>()

// draw draws a holder, anew only where its data or its area changed.
export function draw(holder: HTMLElement): void {
  const area = holder.querySelector<HTMLElement>('.chart-area')
  const json = holder.dataset.chart ?? ''
  const known = drawn.get(holder)
  if (!area || (known && known.json === json && known.area === area && area.firstChild)) return
  let chart = known?.chart
  if (!chart || known?.area !== area || !area.firstChild) {
    chart?.dispose()
    chart = echarts.init(area, null, { renderer: 'svg' })
    chart.on('click', (e) => follow(holder, e.dataIndex))
    sizes.observe(area)
  }
  const drawing = JSON.parse(json) as Drawing
  chart.setOption(option(holder, drawing, area.clientWidth), { notMerge: true })
  chart.getZr().setCursorStyle('default')
  drawn.set(holder, { chart, json, area })
  all.add(holder)
}

function follow(holder: HTMLElement, index: number): void {
  const link = (JSON.parse(holder.dataset.chart ?? '{}') as Drawing).links?.[index]
  if (link) location.assign(link)
}

function redraw(): void {
  for (const holder of all) {
    const known = drawn.get(holder)
    if (!holder.isConnected) {
      known?.chart.dispose()
      all.delete(holder)
    } else if (known) {
      known.json = ''
      draw(holder)
    }
  }
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const known = drawn.get(target.closest<HTMLElement>('[data-chart]') as HTMLElement)
    if (!known || known.area !== target || !target.clientWidth) continue
    known.chart.resize()
    known.json = ''
    draw(target.closest<HTMLElement>('[data-chart]') as HTMLElement)
  }
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'lang'] })

// colour resolves a token to hex, which SVG attributes and blending need.
const brush = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
function colour(token: string): string {
  const value = getComputedStyle(document.documentElement).getPropertyValue(token).trim()
  if (!brush || !value) return '#888888'
  brush.clearRect(0, 0, 1, 1)
  brush.fillStyle = value
  brush.fillRect(0, 0, 1, 1)
  const [r, g, b] = brush.getImageData(0, 0, 1, 1).data
  return '#' + [r, g, b].map((n) => (n ?? 0).toString(16).padStart(2, '0')).join('')
}

const tones: Record<string, string> = {
  ink: '--ink2', good: '--wave-good', neutral: '--wave-neutral', bad: '--wave-bad',
  1: '--series-1', 2: '--series-2', 3: '--series-3', 4: '--series-4', 5: '--series-5', 6: '--series-6',
}
const tone = (d: Drawing, s: Series): string => colour(d.kind === 'line' && s.tone === 'bad' ? '--color-error' : (tones[s.tone ?? 'ink'] ?? '--ink2'))

const font = getComputedStyle(document.documentElement).fontFamily

function axisText(d: Drawing): (n: number) => string {
  const lang = document.documentElement.lang
  const short: Intl.NumberFormatOptions = { notation: 'compact', maximumFractionDigits: 1 }
  if (d.unit === '%') {
    const f = new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 1 })
    return (n) => f.format(d.kind === 'wave' ? Math.abs(n) : n)
  }
  const f = new Intl.NumberFormat(lang, d.unit ? { ...short, style: 'currency', currency: d.unit, currencyDisplay: 'narrowSymbol' } : short)
  return (n) => f.format(d.kind === 'wave' ? Math.abs(n) : n)
}

// whole ends the axis of shares at 100 %: where the largest comes near it, ECharts would
// go on to 120 %.
function whole(d: Drawing): Drawing {
  if (d.unit !== '%' || d.max !== undefined || d.kind === 'wave') return d
  const all = [...(d.series ?? []), ...(d.usual ? [d.usual] : [])].flatMap((s) => [...(s.values ?? []), ...(s.high ?? [])])
  const most = Math.max(0, ...all.filter((n) => n !== null))
  return most > 0.8 && most <= 1 ? { ...d, min: d.min ?? (d.kind === 'line' ? undefined : 0), max: 1 } : d
}

function option(holder: HTMLElement, given: Drawing, width: number): echarts.EChartsCoreOption {
  const d = whole(given)
  const ink3 = colour('--ink3')
  const text = { color: ink3, fontFamily: font, fontSize: 11 }
  // What is neutral lies on a wave's line, what is good upon it.
  const series = (d.series ?? []).toSorted((a, b) => (d.kind === 'wave' ? Number(b.tone === 'neutral') - Number(a.tone === 'neutral') : 0))
  const bars = d.kind === 'bars' || d.kind === 'stack' || d.kind === 'wave'
  const every = Math.max(1, Math.ceil(d.ticks.length / Math.max(2, Math.floor(width / 84))))
  const right = series.some((s) => s.last) ? 52 : 10
  const labels = places(d, width, right)
  return {
    animation: false,
    textStyle: { fontFamily: font },
    grid: { left: 4, right, top: labels.reduce((top, l) => Math.max(top, 34 + l.row * rowHeight), 12), bottom: 2, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: {
      type: 'category', data: d.ticks, boundaryGap: bars,
      axisTick: { show: false }, axisLine: { show: d.kind !== 'wave', lineStyle: { color: colour('--line') } },
      axisLabel: { ...text, interval: (i: number) => i % every === 0 && i + every / 2 <= d.ticks.length, hideOverlap: true, alignMinLabel: 'left' },
    },
    yAxis: {
      type: 'value', min: d.min ?? undefined, max: d.max ?? undefined, scale: !bars && d.min === undefined, splitNumber: 4, interval: even(d), minInterval: d.unit || series.some((s) => s.values?.some((n) => n !== null && n % 1 !== 0)) ? undefined : 1,
      axisLabel: { ...text, formatter: axisText(d) }, splitLine: { lineStyle: { color: colour('--line'), type: [3, 4] } },
    },
    tooltip: tip(holder, d),
    series: [...usual(d), ...series.flatMap((s, i) => shape(d, s, i)), ...marks(d, labels)],
  }
}

// even is the distance of ticks that divides an axis of fixed ends: from 60% to 100%
// it is 10%. Where none does, ECharts chooses.
function even(d: Drawing): number | undefined {
  const from = d.min ?? (d.kind === 'bars' || d.kind === 'stack' ? 0 : undefined)
  if (from === undefined || d.max === undefined || d.max <= from) return undefined
  const span = d.max - from
  const power = 10 ** Math.floor(Math.log10(span / 4))
  for (const step of [1, 2, 2.5, 5, 10].map((n) => n * power)) {
    const parts = span / step
    if (parts <= 4.01 && Math.abs(parts - Math.round(parts)) < 1e-6) return step
  }
  return undefined
}

const strip = { silent: true, symbol: 'none', lineStyle: { opacity: 0 }, tooltip: { show: false }, emphasis: { disabled: true }, z: 1 }

// between draws the area from low to high: an invisible line and the difference upon it.
function between(name: string, low: (number | null)[], high: (number | null)[], fill: string, opacity: number, step = false): object[] {
  const stack = `between-${name}`
  const diff = high.map((h, i) => (h === null || low[i] === null || low[i] === undefined ? null : h - (low[i] as number)))
  const line = { type: 'line', stack, stackStrategy: 'all', ...strip, ...(step ? { step: 'middle' } : {}) }
  return [{ ...line, data: low, areaStyle: { opacity: 0 } }, { ...line, data: diff, areaStyle: { color: fill, opacity, origin: 'auto' } }]
}

function usual(d: Drawing): object[] {
  if (!d.usual?.low || !d.usual.high) return []
  const sign = d.kind === 'wave' ? -1 : 1
  const flip = (values: (number | null)[]) => values.map((n) => (n === null ? null : sign * n))
  const [low, high] = sign < 0 ? [flip(d.usual.high), flip(d.usual.low)] : [d.usual.low, d.usual.high]
  if (d.kind !== 'wave') return between('usual', low, high, colour('--band'), 1)
  return between('usual', low, high, colour('--band'), 1).map((s) => ({ ...s, z: 0 }))
}

function shape(d: Drawing, s: Series, index: number): object[] {
  const fill = tone(d, s)
  const values = s.values ?? []
  const common = { name: s.name, emphasis: { disabled: true }, cursor: d.links ? 'pointer' : 'default' }
  switch (d.kind) {
    case 'bars':
      return [{ ...common, type: 'bar', data: values, itemStyle: { color: fill, borderRadius: [2, 2, 0, 0] }, barMaxWidth: 22, barGap: '20%', barCategoryGap: '30%', z: 3 }]
    case 'stack':
      return [{ ...common, type: 'bar', stack: 'all', data: values, itemStyle: { color: fill }, barMaxWidth: 22, barCategoryGap: '24%', z: 3 }]
    case 'wave': {
      const down = s.tone === 'bad'
      const round = down ? [0, 0, 2, 2] : s.tone === 'good' ? [2, 2, 0, 0] : 0
      return [{ ...common, type: 'bar', stack: 'wave', data: values.map((n) => (n === null ? null : down ? -n : n)), itemStyle: { color: fill, borderRadius: round }, barMaxWidth: 9, barCategoryGap: '36%', z: s.tone === 'neutral' ? 3 : 2 }]
    }
    case 'dots':
      return [{ ...common, type: 'scatter', data: values, symbolSize: 7, symbol: ['circle', 'rect', 'triangle'][index % 3], symbolRotate: s.tone === 'bad' ? 180 : 0, itemStyle: { color: fill, opacity: 0.85 }, z: 3 }]
  }
  const end = values.reduce<number>((last, n, i) => (n === null ? last : i), -1)
  const line: object = {
    ...common, type: 'line', data: values.map((n, i) => (i === end ? { value: n, symbol: 'circle', symbolSize: 7, label: { show: Boolean(s.last), position: 'right', formatter: s.last, color: fill, fontFamily: font, fontSize: 11, fontWeight: 600 } } : n)),
    symbol: 'none', showSymbol: true, lineStyle: { color: fill, width: 1.6 }, itemStyle: { color: fill }, connectNulls: false, z: 4,
  }
  return s.low && s.high ? [...between(s.name, s.low, s.high, fill, 0.18), line] : [line]
}

const rowHeight = 16 // of labels above a chart

type Place = { row: number; align: 'left' | 'center' | 'right'; room: number }

// places finds room above a chart for the labels of its marks: each at its line and within the chart, and a row
// higher where it would meet another.
function places(d: Drawing, width: number, right: number): Place[] {
  const rows: [number, number][][] = []
  const left = 32 // about where the values' axis stands, within 12
  return (d.marks ?? []).map((m) => {
    const x = left + ((width - left - right) * m.at) / Math.max(d.ticks.length - 1, 1)
    if (brush) brush.font = `500 11px ${font}`
    const long = Math.ceil(brush?.measureText(m.label).width ?? 0) + 2
    const align = x - long / 2 > left && x + long / 2 < width - 12 ? 'center' : x < width / 2 ? 'left' : 'right'
    const room = Math.min(long, align === 'left' ? width - x - 12 : align === 'right' ? x - 12 : long)
    const from = x - { left: 0, center: room / 2, right: room }[align] - 8
    const to = from + room + 16
    let row = rows.findIndex((taken) => taken.every(([a, b]) => to < a || from > b))
    if (row < 0) row = rows.push([]) - 1
    rows[row]?.push([from, to])
    return { row, align, room }
  })
}

function marks(d: Drawing, at: Place[]): object[] {
  const lines = (d.marks ?? []).map((m, i) => {
    const c = colour(m.bad ? '--color-error' : '--ink2')
    const { row, align, room } = at[i] as Place
    return {
      xAxis: m.at, name: m.label, lineStyle: { color: c, type: [3, 3], width: 1 },
      label: { formatter: m.label, color: c, fontFamily: font, fontSize: 11, fontWeight: 500, distance: 12 + row * rowHeight, align, width: room, overflow: 'truncate' },
    }
  })
  const zero = d.kind === 'wave' ? [{ yAxis: 0, lineStyle: { color: colour('--ink3'), type: 'solid', width: 1.2 }, label: { show: false } }] : []
  if (!lines.length && !zero.length) return []
  return [{ type: 'line', data: d.ticks.map(() => null), silent: true, tooltip: { show: false }, markLine: { silent: true, symbol: 'none', animation: false, data: [...lines, ...zero] }, z: 5 }]
}

// tip shows the table's row beside the pointer, as an element of ours: texts come
// from the server, already written as the language does.
function tip(holder: HTMLElement, d: Drawing): object {
  return {
    trigger: d.kind === 'dots' ? 'item' : 'axis', renderMode: 'html', confine: true, className: 'chart-tip', transitionDuration: 0,
    backgroundColor: 'transparent', borderWidth: 0, padding: 0, shadowBlur: 0, shadowColor: 'transparent', extraCssText: '',
    axisPointer: { type: 'line', lineStyle: { color: colour('--edge'), type: 'solid', width: 1 }, z: 1 },
    formatter: (found: { dataIndex: number } | { dataIndex: number }[]) => {
      const i = (Array.isArray(found) ? found[0]?.dataIndex : found.dataIndex) ?? -1
      const row = holder.querySelector<HTMLTableElement>('table')?.tBodies[0]?.rows[i]
      if (!row) return ''
      const box = document.createElement('div')
      const head = document.createElement('p')
      head.textContent = row.cells[0]?.textContent ?? ''
      const list = document.createElement('dl')
      const names = [...holder.querySelectorAll('thead th')].slice(1)
      let n = 0
      names.forEach((th, c) => {
        const extra = th.hasAttribute('data-extra')
        const series = extra ? undefined : d.series?.[n++]
        const dot = document.createElement('i')
        const dt = document.createElement('dt')
        const dd = document.createElement('dd')
        if (d.kind === 'dots' && row.cells[c + 1]?.textContent === '–') return
        dot.style.background = series ? tone(d, series) : extra ? 'transparent' : colour('--band')
        dt.textContent = th.textContent
        dd.textContent = row.cells[c + 1]?.textContent ?? ''
        list.append(dot, dt, dd)
      })
      box.append(head, list)
      return box
    },
  }
}
