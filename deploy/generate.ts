// Writes what follows from the sources: the chart's CustomResourceDefinitions, install.yaml and the kustomize base. `--check` writes nothing and
// says what is out of date. Without Helm the check compares the chart's digest only.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parse } from 'yaml'
import { ownVersion } from '../src/main/version.ts'
import { crdTemplates } from './crd-templates.ts'
import { chartFolder, findHelm, renderChart } from './helm.ts'
import { installManifests } from './install-manifests.ts'

const deploy = import.meta.dirname
const check = process.argv.includes('--check')
const stale: string[] = []

for (const [name, text] of crdTemplates()) put(`chart/templates/crds/${name}`, text)

const { version, appVersion } = parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8')) as Record<string, string>
if (version !== ownVersion() || appVersion !== ownVersion()) stale.push(`chart/Chart.yaml: version and appVersion must be ${ownVersion()}`)

const header = `# Made from deploy/chart by "npm run generate:install". Chart: ${chartDigest()}\n`
const helm = findHelm()
if (helm !== undefined) {
  for (const [path, text] of installManifests(renderChart(helm), header)) put(path, text)
} else if (check) {
  if (!readFileSync(join(deploy, 'install.yaml'), 'utf8').startsWith(header)) stale.push('install.yaml')
} else {
  process.stderr.write('helm is not on the PATH: install.yaml and kustomize/base are not made\n')
  process.exitCode = 1
}
for (const path of stale) process.stderr.write(`deploy/${path} is out of date: npm run generate:install\n`)
if (stale.length > 0) process.exitCode = 1

function put(path: string, text: string): void {
  const file = join(deploy, path)
  if (check) {
    if (read(file) !== text) stale.push(path)
    return
  }
  mkdirSync(dirname(file), { recursive: true })
  if (read(file) !== text) writeFileSync(file, text)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Digest of everything in the chart. */
function chartDigest(): string {
  const hash = createHash('sha256')
  const files = readdirSync(chartFolder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
  for (const file of files.toSorted())
    hash
      .update(`${relative(chartFolder, file)}\n`)
      .update(readFileSync(file))
      .update('\n')
  return `sha256:${hash.digest('hex')}`
}
