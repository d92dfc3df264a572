// What lies over the page: menus, dialogs, messages.
import { words } from './words'

export function overlays(): void {
  document.addEventListener('click', (e) => {
    const target = e.target as Element
    const opener = target.closest<HTMLElement>('[data-open]')
    if (opener) {
      if (e.metaKey || e.ctrlKey || e.shiftKey) return // another tab, where it is a link
      e.preventDefault()
      const menu = opener.closest<HTMLDetailsElement>('details[data-menu]')
      if (menu) menu.open = false
      return open(opener.dataset.open ?? '')
    }
    if (target.closest('[data-print]')) return print()
    if (target.closest('[data-dismiss]')) return target.closest('[data-toast]')?.remove()
    if (target.closest('[data-close]')) {
      e.preventDefault()
      return target.closest('dialog')?.close()
    }
    if (target instanceof HTMLDialogElement && beside(target, e)) target.close()
    for (const menu of document.querySelectorAll<HTMLDetailsElement>('details[data-menu][open]')) {
      if (!menu.contains(target)) menu.open = false
    }
  })
  document.addEventListener('keydown', (e) => {
    const menu = (e.target as Element).closest?.<HTMLDetailsElement>('details[data-menu][open]')
    if (!menu) return
    if (e.key === 'Escape') {
      menu.open = false
      menu.querySelector('summary')?.focus()
      e.preventDefault()
      return
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key]
    const items = [...menu.querySelectorAll<HTMLElement>('.pop-item')]
    if (!step || items.length === 0 || (e.target as Element).matches('input, select, textarea')) return
    e.preventDefault()
    const at = items.indexOf(document.activeElement as HTMLElement)
    items[(at + step + items.length) % items.length]?.focus()
  })
  document.addEventListener('focusout', (e) => {
    const menu = (e.target as Element).closest<HTMLDetailsElement>('details[data-menu][open]')
    const to = e.relatedTarget as Element | null
    if (menu && to && !menu.contains(to)) menu.open = false
  })
  const toasts = document.getElementById('toasts')
  if (toasts) {
    for (const note of toasts.children) fade(note as HTMLElement)
    new MutationObserver((changes) => {
      for (const c of changes) for (const n of c.addedNodes) if (n instanceof HTMLElement) fade(n)
    }).observe(toasts, { childList: true })
  }
  // A dialog that came with a page or part and wants to be open.
  document.querySelectorAll<HTMLDialogElement>('dialog[data-open-now]').forEach((d) => d.showModal())
}

export function open(id: string): void {
  const dialog = document.getElementById(id)
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal()
}

// beside reports whether a click hit the backdrop: the dialog's own box ends before it.
function beside(d: HTMLDialogElement, e: MouseEvent): boolean {
  const box = d.getBoundingClientRect()
  return e.clientX < box.left || e.clientX > box.right || e.clientY < box.top || e.clientY > box.bottom
}

// fade takes a message away after six seconds, not while somebody reads or uses it.
function fade(note: HTMLElement): void {
  if (note.dataset.toast === 'stay') return
  const later = () => {
    if (note.matches(':hover, :focus-within')) setTimeout(later, 2000)
    else note.remove()
  }
  setTimeout(later, 6000)
}

export function toast(text: string, bad = false): void {
  const note = document.createElement('div')
  note.className = 'toast-note' + (bad ? ' toast-bad' : '')
  note.dataset.toast = ''
  const said = document.createElement('span')
  said.className = 'grow'
  said.textContent = text
  const close = document.createElement('button')
  close.type = 'button'
  close.className = 'btn btn-sm'
  close.dataset.dismiss = ''
  close.textContent = words().close
  note.append(said, close)
  document.getElementById('toasts')?.append(note)
}
