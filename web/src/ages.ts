import { words } from './words'

// ages lets relative times grow older: "12 s", "4 min", and after an hour the time.
// The page's clock is the server's: a wrong clock here changes nothing.
export function ages(): void {
  const began = performance.now()
  const served = Date.parse(document.body.dataset.now ?? '') || Date.now()
  const show = () => {
    const now = served + performance.now() - began
    for (const el of document.querySelectorAll<HTMLElement>('time[data-ago]')) {
      const text = age((now - Number(el.dataset.ago)) / 1000) ?? el.dataset.clock ?? ''
      if (el.textContent !== text) el.textContent = text
      if (text === el.dataset.clock) delete el.dataset.ago
    }
  }
  setInterval(() => document.hidden || show(), 5000)
  document.addEventListener('visibilitychange', () => document.hidden || show())
}

function age(seconds: number): string | undefined {
  const { ages, seconds: some } = words()
  if (seconds < 60) return some[Math.max(0, Math.floor(seconds / 5))]
  return ages[Math.floor(seconds / 60)]
}
