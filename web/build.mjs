// Builds everything the console serves besides its pages, into
// internal/console/assets/dist: styles, islands, icons and fonts, with .br and
// .gz beside what compresses, and a manifest of hashes. The same sources give the
// same bytes. File names on disk stay as they are; the hash is in the address.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync, existsSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import subsetFont from 'subset-font'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..')
const out = join(root, 'internal/console/assets/dist')
const cache = join(here, 'node_modules/.cache/dhvani')
const sha = (data, length) => createHash('sha256').update(data).digest('hex').slice(0, length)

// files lists the files under a folder by path, sorted by bytes.
function files(folder, accept) {
  const found = []
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...files(path, accept))
    else if (accept(path)) found.push(path)
  }
  return found.sort()
}

// sources hashes all that the output depends on. assets_test.go does the same sum.
function sources() {
  const paths = [
    ...['build.mjs', 'package.json', 'package-lock.json'].map((n) => join(here, n)),
    ...files(join(here, 'src'), () => true),
    ...files(join(root, 'internal/console'), (p) => p.endsWith('.templ')),
  ]
  const names = paths.map((p) => relative(root, p).replaceAll('\\', '/')).sort()
  return sha(names.map((n) => `${n} ${sha(readFileSync(join(root, n)))}\n`).join(''))
}

const latin = [[0x20, 0x7e], [0xa0, 0xff], [0x131, 0x131], [0x152, 0x153], [0x2bb, 0x2bc], [0x2c6, 0x2c6], [0x2da, 0x2da], [0x2dc, 0x2dc], [0x2000, 0x206f],
  [0x20ac, 0x20ac], [0x20b9, 0x20b9], [0x2122, 0x2122], [0x2190, 0x2193], [0x2212, 0x2212], [0x2215, 0x2215], [0x2248, 0x2248], [0x2260, 0x2265], [0xfffd, 0xfffd]]
const latinExt = [[0x100, 0x130], [0x132, 0x151], [0x154, 0x2ba], [0x2bd, 0x2c5], [0x2c7, 0x2cc], [0x2ce, 0x2d7], [0x2dd, 0x2ff], [0x300, 0x304], [0x308, 0x308],
  [0x323, 0x323], [0x329, 0x329], [0x1e00, 0x1e9f], [0x1ef2, 0x1eff], [0x20a0, 0x20ab], [0x20ad, 0x20b8], [0x20ba, 0x20c0], [0x2113, 0x2113]]
const devanagari = [[0x900, 0x97f], [0x1cd0, 0x1cf9], [0x200c, 0x200d], [0x25cc, 0x25cc], [0xa830, 0xa839], [0xa8e0, 0xa8ff]]
const bengali = [[0x951, 0x952], [0x964, 0x965], [0x980, 0x9fe], [0x1cd0, 0x1cd2], [0x1cd5, 0x1cd8], [0x1ce1, 0x1ce1], [0x1cea, 0x1cea], [0x1ced, 0x1ced],
  [0x1cf2, 0x1cf2], [0x1cf5, 0x1cf7], [0x200c, 0x200d], [0x25cc, 0x25cc], [0xa8f1, 0xa8f1]]
const inter = 'node_modules/inter-ui/variable/InterVariable.woff2'
const noto = (script) => `node_modules/@fontsource-variable/noto-sans-${script}/files/noto-sans-${script}-${script}-wght-normal.woff2`
const features = ['calt', 'ccmp', 'kern', 'liga', 'locl', 'mark', 'mkmk', 'tnum', 'case', 'cv05', 'ss03']
const fonts = [
  { name: 'inter-latin', family: 'Inter', from: inter, ranges: latin, features },
  { name: 'inter-latin-ext', family: 'Inter', from: inter, ranges: latinExt, features },
  { name: 'noto-devanagari', family: 'Noto Sans Devanagari', from: noto('devanagari'), ranges: devanagari },
  { name: 'noto-bengali', family: 'Noto Sans Bengali', from: noto('bengali'), ranges: bengali },
]

// font subsets one face, or takes it from the cache: that costs seconds.
async function font(face) {
  const source = readFileSync(join(here, face.from))
  const key = join(cache, sha(JSON.stringify(face) + sha(source), 24) + '.woff2')
  if (existsSync(key)) return readFileSync(key)
  const text = face.ranges.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => String.fromCodePoint(a + i))).join('')
  const data = await subsetFont(source, text, {
    targetFormat: 'woff2', variationAxes: { wght: { min: 400, max: 600, default: 400 } },
    ...(face.features ? { keepFeatures: face.features } : {}),
  })
  mkdirSync(cache, { recursive: true })
  writeFileSync(key, data)
  return data
}

const hex = (n) => n.toString(16).toUpperCase()
const range = (ranges) => ranges.map(([a, b]) => (a === b ? `U+${hex(a)}` : `U+${hex(a)}-${hex(b)}`)).join(',')

const produced = new Map() // file name -> bytes

for (const face of fonts) produced.set(face.name + '.woff2', Buffer.from(await font(face)))
produced.set('OFL-inter.txt', readFileSync(join(here, 'node_modules/inter-ui/LICENSE.txt')))
produced.set('OFL-noto-devanagari.txt', readFileSync(join(here, 'node_modules/@fontsource-variable/noto-sans-devanagari/LICENSE')))
produced.set('OFL-noto-bengali.txt', readFileSync(join(here, 'node_modules/@fontsource-variable/noto-sans-bengali/LICENSE')))

const address = (name) => `${name.replace(/\.[^.]*$/, '')}.${sha(produced.get(name), 12)}${name.match(/\.[^.]*$/)[0]}`
const faces = fonts.map((f) =>
  `@font-face{font-family:"${f.family}";font-style:normal;font-weight:400 600;font-display:swap;src:url("${address(f.name + '.woff2')}")format("woff2");unicode-range:${range(f.ranges)}}`)

const css = execFileSync(process.execPath, [join(here, 'node_modules/@tailwindcss/cli/dist/index.mjs'), '-i', join(here, 'src/app.css'), '--minify'],
  { cwd: here, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 })
produced.set('app.css', Buffer.from(faces.join('') + css.toString()))

const icons = readFileSync(join(here, 'src/icons.txt'), 'utf8').split('\n').map((l) => l.trim()).filter((l) => l && !l.startsWith('#')).sort()
const symbols = icons.map((name) => {
  const body = readFileSync(join(here, `node_modules/lucide-static/icons/${name}.svg`), 'utf8').replace(/^[\s\S]*?<svg[\s\S]*?>/, '').replace(/<\/svg>\s*$/, '')
  return `<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s*\n\s*/g, '').trim()}</symbol>`
})
const iconLicence = readFileSync(join(here, 'node_modules/lucide-static/LICENSE'), 'utf8').split('\n').slice(0, 3).filter(Boolean).join('. ')
produced.set('icons.svg', Buffer.from(`<!-- Lucide. ${iconLicence} --><svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`))

produced.set('mark.svg', readFileSync(join(here, 'src/mark.svg')))

for (const entry of ['app', 'charts']) {
  const built = await esbuild.build({
    entryPoints: [join(here, `src/${entry}.ts`)], bundle: true, minify: true, format: 'esm', target: ['es2022'], write: false,
    legalComments: 'none', absWorkingDir: here, charset: 'utf8', define: { 'process.env.NODE_ENV': '"production"' }, logLevel: 'warning',
  })
  produced.set(entry + '.js', Buffer.from(built.outputFiles[0].contents))
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
const manifest = { sources: sources(), icons, files: {} }
for (const name of [...produced.keys()].sort()) {
  const data = produced.get(name)
  manifest.files[name] = sha(data, 12)
  writeFileSync(join(out, name), data)
  if (!/\.(css|js|svg)$/.test(name)) continue
  writeFileSync(join(out, name + '.gz'), gzipSync(data, { level: 9 }))
  writeFileSync(join(out, name + '.br'), brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } }))
}
writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest, null, 1) + '\n')
for (const name of [...produced.keys()].sort()) {
  const small = existsSync(join(out, name + '.br')) ? `, ${statSync(join(out, name + '.br')).size} as br` : ''
  if (process.env.VERBOSE) console.log(`${name} ${produced.get(name).length}${small}`)
}
