// charts draws every [data-chart] on the page and those that come later. The drawing
// itself is another file, which only pages with a chart load.
type Drawer = { draw: (holder: HTMLElement) => void }

let drawer: Promise<Drawer> | undefined

export function charts(): void {
  const source = document.querySelector<HTMLScriptElement>('script[data-charts]')?.dataset.charts
  if (!source) return
  const draw = async () => {
    const holders = document.querySelectorAll<HTMLElement>('[data-chart]')
    if (!holders.length) return
    drawer ??= import(source) as Promise<Drawer>
    const { draw: one } = await drawer
    holders.forEach(one)
  }
  void draw()
  // Parts that were swapped in, and charts whose data a live part changed.
  let waiting = false
  new MutationObserver(() => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(() => {
      waiting = false
      void draw()
    })
  }).observe(document.getElementById('main') ?? document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-chart'] })
}
