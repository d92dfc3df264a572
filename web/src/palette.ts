// The command palette: Ctrl-K, a field, and what the server finds for it.
import { words } from './words'

export function palette(): void {
  const dialog = document.getElementById('palette')
  if (!(dialog instanceof HTMLDialogElement)) return
  const field = dialog.querySelector<HTMLInputElement>('input')
  const list = document.getElementById('palette-list')
  if (!field || !list) return
  let chosen = 0
  let asking: AbortController | undefined
  let timer = 0

  const items = () => [...list.querySelectorAll<HTMLElement>('[role=option]')]
  const choose = (i: number) => {
    const all = items()
    chosen = all.length ? (i + all.length) % all.length : 0
    all.forEach((el, n) => {
      el.id = `palette-${n}`
      el.setAttribute('aria-selected', String(n === chosen))
    })
    if (all.length) field.setAttribute('aria-activedescendant', `palette-${chosen}`)
    else field.removeAttribute('aria-activedescendant')
    all[chosen]?.scrollIntoView({ block: 'nearest' })
  }
  const ask = async () => {
    asking?.abort()
    asking = new AbortController()
    try {
      const answer = await fetch(`${field.dataset.paletteSource}?${new URLSearchParams({ q: field.value, next: location.pathname + location.search })}`, { signal: asking.signal, headers: { 'HX-Request': 'true' } })
      const away = answer.headers.get('HX-Redirect')
      if (away) return location.assign(away) // signed out meanwhile
      if (!answer.ok) throw new Error(String(answer.status))
      list.innerHTML = await answer.text()
      if (!items().length) say(words().nothing)
      choose(0)
    } catch (e) {
      if ((e as Error).name !== 'AbortError') say(words().failed)
    }
  }
  const say = (text: string) => {
    const p = document.createElement('p')
    p.className = 'pop-head'
    p.textContent = text
    list.replaceChildren(p)
  }
  const show = () => {
    if (dialog.open) return dialog.close()
    dialog.showModal()
    field.select()
    void ask()
  }

  document.addEventListener('keydown', (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k' && !e.shiftKey && !e.altKey) {
      e.preventDefault()
      show()
    }
  })
  document.addEventListener('click', (e) => (e.target as Element).closest('[data-palette]') && show())
  field.addEventListener('input', () => {
    clearTimeout(timer)
    timer = window.setTimeout(ask, 80)
  })
  field.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault()
      choose(chosen + (e.key === 'ArrowDown' ? 1 : -1))
    } else if (e.key === 'Enter' && !e.isComposing) {
      e.preventDefault()
      items()[chosen]?.click()
    }
  })
  list.addEventListener('pointermove', (e) => {
    const at = items().indexOf((e.target as Element).closest('[role=option]') as HTMLElement)
    if (at >= 0 && at !== chosen) choose(at)
  })
}
