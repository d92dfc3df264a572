// The keyboard: g and a letter go somewhere, / searches, j and k move through a
// list, Enter opens, ? shows all of them; a button with data-press has a key of its own. Nothing happens while somebody types.
import { open } from './overlays'

const typing = (el: Element | null): boolean => !!el?.closest('input, textarea, select, [contenteditable=true]')

export function keyboard(): void {
  let going = 0 // until when a letter after g counts
  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.defaultPrevented) return
    const target = e.target as Element
    if (typing(target)) {
      if (e.key === 'Escape' && target.matches('[data-search]')) (target as HTMLElement).blur()
      return
    }
    if (document.querySelector('dialog[open]')) return
    if (going > Date.now()) {
      going = 0
      const link = document.querySelector<HTMLAnchorElement>(`[data-go="${CSS.escape(e.key)}"]`)
      if (link) {
        e.preventDefault()
        location.assign(link.href)
        return
      }
    }
    switch (e.key) {
      case 'g':
        going = Date.now() + 1200
        return
      case '/': {
        const field = document.querySelector<HTMLInputElement>('[data-search]')
        if (!field) return
        e.preventDefault()
        const focus = () => { // not sooner, lest the key itself be typed into the field
          field.focus()
          field.select()
        }
        document.addEventListener('keyup', focus, { once: true })
        return
      }
      case '?':
        e.preventDefault()
        open('keys')
        return
      case 'j':
      case 'k':
        if (move(e.key === 'j' ? 1 : -1)) e.preventDefault()
        return
      case 'Enter': {
        if (target.closest('a, button, summary')) return
        const link = linkOf(document.querySelector<HTMLElement>('.is-at-hand'))
        if (link) location.assign(link.href)
        return
      }
    }
    const button = [...document.querySelectorAll<HTMLElement>(`[data-press="${CSS.escape(e.key)}"]`)].find((b) => b.checkVisibility())
    if (button) {
      e.preventDefault()
      button.click()
    }
  })
}

const linkOf = (row: HTMLElement | null): HTMLAnchorElement | null =>
  row && (row.matches('a') ? (row as HTMLAnchorElement) : (row.querySelector<HTMLAnchorElement>('[data-row-link]') ?? row.querySelector<HTMLAnchorElement>('a[href]')))

// move marks the row after or before the one at hand and puts the focus on its link.
function move(step: number): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')].filter((r) => r.offsetParent !== null)
  if (rows.length === 0) return false
  const at = rows.findIndex((r) => r.classList.contains('is-at-hand') || r.contains(document.activeElement))
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)]
  for (const r of rows) r.classList.remove('is-at-hand')
  if (!next) return false
  next.classList.add('is-at-hand')
  linkOf(next)?.focus({ preventScroll: true })
  next.scrollIntoView({ block: 'nearest' })
  return true
}
