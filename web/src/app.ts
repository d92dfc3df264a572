// The console's islands. Pages work without them where they can: these add what a
// browser alone does not do. What they say comes with the page (words.ts).
import htmx from 'htmx.org'
import { ages } from './ages'
import { charts } from './chartloader'
import { copying } from './copy'
import { drops } from './drop'
import { keyboard } from './keyboard'
import { overlays, toast } from './overlays'
import { palette } from './palette'
import { stream } from './stream'
import { words } from './words'

document.documentElement.classList.add('js')
overlays()
copying()
keyboard()
palette()
ages()
drops()
once()
charts()
stream()

// Of a row of sections that is wider than a phone, the one that is open is seen.
for (const here of document.querySelectorAll<HTMLElement>('.side-nav [aria-current], .segmented > [aria-current]')) {
  const row = here.parentElement
  if (row && row.scrollWidth > row.clientWidth) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2
}

// once keeps an impatient second click from sending a form twice.
function once(): void {
  document.addEventListener('submit', (e) => {
    const form = e.target as HTMLFormElement
    if (e.defaultPrevented || form.method !== 'post') return
    if (form.dataset.sent) return e.preventDefault()
    form.dataset.sent = 'yes'
    setTimeout(() => delete form.dataset.sent, 2000) // a file was fetched, or the page came back
  })
}

// A part that could not be had: say so, and leave the page as it is.
document.addEventListener('htmx:error', () => toast(words().failed, true))
document.addEventListener('htmx:before:request', (e) => (e.target as Element | null)?.setAttribute?.('aria-busy', 'true'))
document.addEventListener('htmx:finally:request', (e) => (e.target as Element | null)?.removeAttribute?.('aria-busy'))
void htmx
