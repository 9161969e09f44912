// Generates src/sdk/protocol/*.generated.ts from the definitions beside them: npm run generate:protocol
// The generators come from the registry for this run only; they are no dependencies of the project.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const generators = ['@bufbuild/buf@1.75.0', '@bufbuild/protoc-gen-es@2.17.0']
/** Each definition under the path by which descriptors, and so reflection, know it. */
const paths = { sdk: 'agones/dev/sdk/sdk', alpha: 'agones/dev/sdk/alpha/alpha', beta: 'agones/dev/sdk/beta/beta' }

const protocol = resolve(import.meta.dirname, '../src/sdk/protocol')
const work = mkdtempSync(join(tmpdir(), 'berth-protocol-'))
try {
  const template = { version: 'v2', plugins: [{ local: 'protoc-gen-es', out: 'out', opt: ['target=ts', 'import_extension=ts'] }] }
  writeFileSync(join(work, 'buf.gen.yaml'), JSON.stringify(template))
  writeFileSync(join(work, 'buf.yaml'), JSON.stringify({ version: 'v2', modules: [{ path: 'in' }] }))
  for (const [name, path] of Object.entries(paths)) {
    const file = join(work, 'in', `${path}.proto`)
    mkdirSync(dirname(file), { recursive: true })
    copyFileSync(join(protocol, `${name}.proto`), file)
  }
  const packages = generators.flatMap(name => ['--package', name])
  execFileSync('npx', ['--yes', ...packages, '--', 'buf', 'generate'], { cwd: work, stdio: 'inherit' })
  for (const [name, path] of Object.entries(paths)) {
    writeFileSync(join(protocol, `${name}.generated.ts`), readFileSync(join(work, 'out', `${path}_pb.ts`)))
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
