// Holds the rule of the house: a room imports only rooms on lower floors (ARCHITECTURE.md). Prints every arrow that points up
// or sideways and exits 1; also refuses imports that leave src/.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { allowed, roomOf } from './arrows.ts'

const src = resolve(import.meta.dirname, '../src')
const specifier = /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]\s*\)/g

const wrong: string[] = []
let files = 0
for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
  files += 1
  const path = join(entry.parentPath, entry.name)
  const from = relative(src, path)
  for (const match of readFileSync(path, 'utf8').matchAll(specifier)) {
    const to = relative(src, resolve(dirname(path), match[1] ?? match[2] ?? ''))
    const isTest = from.endsWith('.test.ts')
    if (!isTest && !allowed(roomOf(from), roomOf(to)))
      wrong.push(`src/${from} imports src/${to}: ${roomOf(from)} may not know ${roomOf(to)}`)
  }
}
if (files === 0) {
  console.error('no source files found')
  process.exit(1)
}
for (const line of wrong) console.error(line)
console.log(`${files} files, ${wrong.length} arrows against the plan`)
process.exit(wrong.length === 0 ? 0 : 1)
