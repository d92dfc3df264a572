// drops makes [data-drop] forms take files that are dropped on them, and shows how
// far an upload is. The answer is a page: it is gone to as a form would.
import { words } from './words'

export function drops(): void {
  document.addEventListener('dragover', (e) => {
    const form = formOf(e)
    if (form) {
      e.preventDefault()
      form.classList.add('is-over')
    }
  })
  document.addEventListener('dragleave', (e) => {
    const form = formOf(e)
    if (form && !form.contains(e.relatedTarget as Node | null)) form.classList.remove('is-over')
  })
  document.addEventListener('drop', (e) => {
    const form = formOf(e)
    const files = e.dataTransfer?.files
    if (!form || !files?.length) return
    e.preventDefault()
    form.classList.remove('is-over')
    const field = form.querySelector<HTMLInputElement>('input[type=file]')
    if (!field) return
    field.files = files
    field.dispatchEvent(new Event('change', { bubbles: true }))
  })
  document.addEventListener('change', (e) => {
    const field = e.target as HTMLInputElement
    const form = field.closest<HTMLFormElement>('form[data-drop]')
    if (!form || field.type !== 'file') return
    const name = form.querySelector('[data-drop-name]')
    if (name) name.textContent = field.files?.[0]?.name ?? ''
  })
  document.addEventListener('submit', (e) => {
    const form = e.target as HTMLFormElement
    if (!form.matches('form[data-drop]')) return
    e.preventDefault()
    upload(form)
  })
}

// signedOut reports whether this page would now lead to the sign-in: the server does
// not read a large file of a stranger to its end, so that there is no answer to it.
async function signedOut(): Promise<boolean> {
  const answer = await fetch(location.href, { redirect: 'manual' }).catch(() => undefined)
  return answer?.type === 'opaqueredirect'
}

const formOf = (e: Event) => (e.target as Element).closest<HTMLFormElement>('form[data-drop]')

function upload(form: HTMLFormElement): void {
  const progress = form.querySelector<HTMLProgressElement>('progress')
  const error = form.querySelector<HTMLElement>('[data-drop-error]')
  const button = form.querySelector<HTMLButtonElement>('button:not([type=button])')
  const busy = (is: boolean) => {
    if (progress) progress.hidden = !is
    if (button) button.disabled = is
  }
  const fail = (text: string) => {
    busy(false)
    if (error) {
      error.textContent = text
      error.hidden = false
    }
  }
  if (error) error.hidden = true
  busy(true)
  const request = new XMLHttpRequest() // fetch does not tell how much was sent
  request.upload.onprogress = (e) => {
    if (progress && e.lengthComputable) progress.value = e.loaded / e.total
  }
  request.onerror = async () => {
    if (await signedOut()) return location.reload() // to sign in, and back here
    fail(words().failed)
  }
  request.onload = () => {
    if (request.status === 413) return fail(words().tooLarge)
    const moved = request.responseURL && new URL(request.responseURL).href !== new URL(form.action, location.href).href
    if (request.status < 400 && moved) {
      if (new URL(request.responseURL).pathname === '/signin') return location.reload()
      return location.assign(request.responseURL)
    }
    const page = new DOMParser().parseFromString(request.responseText, 'text/html')
    const told = page.querySelector('[data-failure]')?.textContent?.trim()
    fail(told || words().failed)
  }
  request.open('POST', form.action)
  request.send(new FormData(form))
}
