// What the islands say, in the viewer's language; the server writes it into each page.
export type Words = {
  ages: string[]
  seconds: string[]
  lost: string
  failed: string
  close: string
  fresh: string
  freshOne: string
  nothing: string
  tooLarge: string
}

let known: Words | undefined

export function words(): Words {
  if (!known) {
    const text = document.getElementById('words')?.textContent
    known = { ages: [], seconds: [], lost: '', failed: '', close: '', fresh: '', freshOne: '', nothing: '', tooLarge: '', ...(text ? JSON.parse(text) : {}) } as Words
  }
  return known
}

// numeral writes a whole number as the page's language does.
export const numeral = (n: number): string => new Intl.NumberFormat(document.documentElement.lang).format(n)
