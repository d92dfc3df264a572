// copying makes [data-copy] buttons copy their text and say so.
export function copying(): void {
  document.addEventListener('click', async (e) => {
    const button = (e.target as Element).closest<HTMLElement>('[data-copy]')
    if (!button) return
    e.preventDefault()
    const text = button.dataset.copy ?? ''
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      if (!byHand(text)) return // http without TLS has no clipboard
    }
    button.classList.add('is-copied')
    setTimeout(() => button.classList.remove('is-copied'), 1600)
  })
}

function byHand(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr-only'
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}
