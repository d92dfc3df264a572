// One stream of server-sent events a page. It is read with fetch and not with
// EventSource, which cannot go on from the last event after it gave up, and whose
// open connection a hidden tab would keep from the others (browsers have six).
import htmx from 'htmx.org'
import { numeral, words } from './words'

type State = 'wait' | 'live' | 'lost' | 'paused'

const quiet = 40_000 // ms without a word, heartbeats being every 15 s
const hiddenFor = 20_000 // ms a hidden page stays connected

export function stream(): void {
  const url = document.body.dataset.stream
  if (!url) return
  const page = new Stream(url)
  page.connect()
  document.addEventListener('click', (e) => {
    const button = (e.target as Element).closest<HTMLElement>('[data-stream-pause]')
    if (button) page.pause()
  })
  let leaving = 0
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving)
    if (document.hidden) leaving = window.setTimeout(() => page.rest(), hiddenFor)
    else page.connect()
  })
  addEventListener('online', () => page.connect(true))
  addEventListener('pagehide', () => page.rest())
  addEventListener('pageshow', (e) => e.persisted && page.connect())
}

class Stream {
  private state: State = 'wait'
  private last = ''
  private tries = 0
  private abort?: AbortController
  private timer = 0
  private watch = 0

  constructor(private readonly url: string) {
    this.show('wait')
  }

  // connect starts reading, unless it reads already or was paused.
  connect(atOnce = false): void {
    if (this.state === 'paused' || (this.abort && !atOnce)) return
    this.stop()
    const abort = (this.abort = new AbortController())
    this.read(abort).catch(() => undefined).then(() => {
      if (this.abort !== abort || this.state === 'paused') return
      this.abort = undefined
      this.show(this.tries++ === 0 ? 'wait' : 'lost')
      this.timer = window.setTimeout(() => document.hidden || this.connect(), Math.min(500 * 2 ** Math.min(this.tries, 6), 15_000) * (0.7 + 0.6 * Math.random()))
    })
  }

  // rest lets the connection go until the page is seen again.
  rest(): void {
    if (this.state === 'paused') return
    this.stop()
    this.show('wait')
  }

  pause(): void {
    if (this.state === 'paused') {
      this.show('wait')
      this.connect()
    } else {
      this.stop()
      this.show('paused')
    }
  }

  private stop(): void {
    clearTimeout(this.timer)
    clearTimeout(this.watch)
    this.abort?.abort()
    this.abort = undefined
  }

  private show(state: State): void {
    this.state = state
    const classes = document.documentElement.classList
    for (const s of ['wait', 'live', 'lost', 'paused'] as const) classes.toggle(`is-${s}`, s === state)
    document.querySelectorAll('[data-stream-pause]').forEach((b) => b.setAttribute('aria-pressed', String(state === 'paused')))
  }

  private async read(abort: AbortController): Promise<void> {
    const heard = () => {
      clearTimeout(this.watch)
      this.watch = window.setTimeout(() => abort.abort(), quiet)
    }
    heard()
    const headers: Record<string, string> = { Accept: 'text/event-stream' }
    if (this.last) headers['Last-Event-ID'] = this.last
    const answer = await fetch(this.url, { headers, signal: abort.signal, cache: 'no-store' })
    if (answer.redirected || answer.status === 401 || answer.status === 403) return location.reload() // signed out meanwhile
    if (!answer.ok || !answer.body || !answer.headers.get('Content-Type')?.startsWith('text/event-stream')) throw new Error(String(answer.status))
    this.tries = 0
    this.show('live')
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      heard()
      rest += value
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        this.take(rest.slice(0, end))
        rest = rest.slice(end + 2)
      }
    }
  }

  // take acts on one event: lines of "field: value".
  private take(block: string): void {
    let name = 'message'
    const data: string[] = []
    for (const line of block.split('\n')) {
      const at = line.indexOf(':')
      if (at <= 0) continue
      const value = line.slice(at + 1).replace(/^ /, '')
      switch (line.slice(0, at)) {
        case 'event':
          name = value
          break
        case 'data':
          data.push(value)
          break
        case 'id':
          this.last = value
      }
    }
    if (data.length) apply(name, data.join('\n'))
  }
}

// apply puts an event's HTML into the element that has the event's name as id, and
// into those that have it as data-part: the same part may stand in several places.
function apply(name: string, html: string): void {
  if (name === 'beat') return
  if (name === 'reload') return location.reload()
  if (name === 'toast') {
    document.getElementById('toasts')?.insertAdjacentHTML('beforeend', html)
    return
  }
  for (const part of document.querySelectorAll(`[data-part="${CSS.escape(name)}"]`)) {
    const put = () => void htmx.swap({ text: html, target: part, swap: 'innerMorph', sourceElement: part } as never)
    // A question that is open is about what was seen when it opened: its form changes when it is closed.
    const question = part.closest('form')?.closest<HTMLDialogElement>('dialog[open]')
    if (question) question.addEventListener('close', put, { once: true })
    else put()
  }
  const target = document.getElementById(name)
  if (!target) return
  if (target.dataset.streamAdd) return add(target, html)
  const outer = new RegExp(`^\\s*<[a-z0-9-]+[^>]*\\sid=["']?${name}["'\\s>]`, 'i').test(html)
  void htmx.swap({ text: html, target, swap: outer ? 'outerMorph' : 'innerMorph', sourceElement: target } as never)
}

// add puts rows, in the order they are to stand, at the start or end of a list. Where the reader has scrolled down,
// they wait behind a button that says how many.
function add(list: HTMLElement, html: string): void {
  const part = document.createElement('template')
  part.innerHTML = html
  const rows = ([...part.content.children] as HTMLElement[]).filter((row) => {
    const known = (row.id && document.getElementById(row.id)) || (row.dataset.id && list.querySelector(`[data-id="${CSS.escape(row.dataset.id)}"]`))
    if (known) known.replaceWith(row)
    return !known
  })
  if (!rows.length) return
  const atEnd = list.dataset.streamAdd === 'end'
  const held = waits.get(list) ?? []
  const waiting = atEnd ? [...held, ...rows] : [...rows, ...held]
  if (!atEnd && reading(list)) {
    waits.set(list, waiting)
    offer(list, waiting.length)
    return
  }
  waits.delete(list)
  place(list, waiting)
}

const waits = new WeakMap<HTMLElement, HTMLElement[]>()

const scroller = (list: HTMLElement): Element => {
  for (let el: HTMLElement | null = list; el && el !== document.body; el = el.parentElement) {
    if (/(auto|scroll)/.test(getComputedStyle(el).overflowY) && el.scrollHeight > el.clientHeight + 4) return el
  }
  return document.scrollingElement ?? document.documentElement
}

// reading: the list's first row is out of sight, or the keyboard stands in a row.
function reading(list: HTMLElement): boolean {
  if (list.querySelector('.is-at-hand, :focus-visible')) return true
  const frame = scroller(list)
  const top = frame === document.scrollingElement ? 0 : frame.getBoundingClientRect().top
  return list.getBoundingClientRect().top < top - 8
}

function place(list: HTMLElement, rows: HTMLElement[]): void {
  const end = list.dataset.streamAdd === 'end'
  for (const row of rows) row.classList.add('arrives')
  if (end) list.append(...rows)
  else list.prepend(...rows)
  list.querySelector('[data-stream-empty]')?.remove()
  const most = Number(list.dataset.streamMax || 60)
  while (list.children.length > most) (end ? list.firstElementChild : list.lastElementChild)?.remove()
  htmx.process(list)
}

function offer(list: HTMLElement, n: number): void {
  const id = `${list.id}-fresh`
  let button = document.getElementById(id)
  if (!button) {
    button = document.createElement('button')
    button.id = id
    button.className = 'fresh btn btn-sm'
    button.addEventListener('click', () => {
      button?.remove()
      const rows = waits.get(list) ?? []
      waits.delete(list)
      place(list, rows)
      const frame = scroller(list)
      if (frame === document.scrollingElement) list.scrollIntoView({ block: 'start' })
      else frame.scrollTop = 0
    })
    list.before(button)
  }
  button.textContent = n === 1 ? words().freshOne : words().fresh.replace('{N}', numeral(n))
}
