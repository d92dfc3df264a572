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
charts()
stream()

// A part that could not be had: say so, and leave the page as it is.
document.addEventListener('htmx:error', () => toast(words().failed, true))
document.addEventListener('htmx:before:request', (e) => (e.target as Element | null)?.setAttribute?.('aria-busy', 'true'))
document.addEventListener('htmx:finally:request', (e) => (e.target as Element | null)?.removeAttribute?.('aria-busy'))
void htmx
