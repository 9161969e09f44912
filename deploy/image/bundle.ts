import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { rolldown } from 'rolldown'

const root = resolve(import.meta.dirname, '../..')

/** A file of the program: its path below the program's folder, and its content. */
export type ProgramFile = readonly [path: string, content: string | Uint8Array]

/** What needs a host of its own and stays out of the image: the module, and what it exports. */
const leftOut: Readonly<Record<string, { readonly command: string; readonly name: string }>> = {
  'src/main/embedded.ts': { command: 'berth dev', name: 'startEmbedded' },
  'src/main/demo/demo.ts': { command: 'berth demo', name: 'demo' },
}

/**
 * Bundles `berth` with everything it needs but Node: `berth.js`, parts that are loaded when a command wants them, the data files they read,
 * and the licenses of the packages within.
 */
export async function bundle(): Promise<ProgramFile[]> {
  const build = await rolldown({
    cwd: root,
    input: { berth: 'src/main/berth.ts' },
    platform: 'node',
    // Native helpers of `ws` that are not installed; it looks for them and does without.
    external: ['bufferutil', 'utf-8-validate'],
    experimental: { resolveNewUrlToAsset: true },
    plugins: [
      {
        name: 'left-out',
        load(id) {
          const own = leftOut[id.slice(root.length + 1)]
          return own === undefined ? null : { code: refusal(own), moduleType: 'ts' }
        },
      },
    ],
  })
  const { output } = await build.generate({
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'parts/[name].js',
    assetFileNames: 'data/[name][extname]',
    comments: { legal: true, annotation: false, jsdoc: false },
    // A young generation of at most 3 x 4 MB: a controller of a thousand servers takes 25 MB less than with four times that, and no more time.
    banner: chunk => (chunk.isEntry ? '#!/usr/bin/node --max-semi-space-size=4' : ''),
  })
  await build.close()
  const sidecar = await sidecarProgram()
  const files: ProgramFile[] = output.map(part => [part.fileName, part.type === 'chunk' ? part.code : part.source])
  const modules = output.flatMap(part => (part.type === 'chunk' ? part.moduleIds : []))
  return [
    ...files,
    [sidecarFile, sidecar.code],
    ['package.json', `${JSON.stringify({ type: 'module', private: true })}\n`],
    ['LICENSE', await readFile(join(root, 'LICENSE'))],
    ['THIRD-PARTY-LICENSES', await licenses([...modules, ...sidecar.moduleIds])],
  ]
}

/** The sidecar's program, by its name below the program's folder. */
export const sidecarFile = 'berth-sdk-server.js'

/** One file, since hundreds of them run on a host. Pods start it with arguments of their own for Node; see `src/main/agones.ts`. */
async function sidecarProgram(): Promise<{ readonly code: string; readonly moduleIds: readonly string[] }> {
  const build = await rolldown({
    cwd: root,
    input: { sidecar: 'src/main/sdk-server.ts' },
    platform: 'node',
    external: ['bufferutil', 'utf-8-validate'],
  })
  const { output } = await build.generate({
    format: 'esm',
    codeSplitting: false,
    minify: true,
    comments: { legal: true, annotation: false, jsdoc: false },
    banner: '#!/usr/bin/node --lite-mode',
  })
  await build.close()
  const [chunk] = output
  return { code: chunk.code, moduleIds: chunk.moduleIds }
}

/** A module in the place of one that is left out: it explains itself when it is called. */
function refusal({ command, name }: { command: string; name: string }): string {
  return `import { CliError, exitCode } from '${root}/src/cli/exit-code.ts'
export function ${name}(): never {
  throw new CliError(exitCode.usage, '${command} is not in the container image: it starts a cluster on a host of its own; run it from a checkout of Berth')
}
`
}

/** The licenses of all packages that any of the modules belongs to. */
async function licenses(modules: readonly string[]): Promise<string> {
  const packages = new Set(
    modules.map(id => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? '').filter(folder => folder !== ''),
  )
  const texts = await Promise.all(
    [...packages].toSorted().map(async folder => {
      const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, string>
      const file = (await readdir(folder)).find(entry => /^licen[cs]e/i.test(entry))
      const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8')
      return `${name} ${version} (${license})\n\n${text.trim()}\n`
    }),
  )
  return texts.join(`\n${'-'.repeat(80)}\n\n`)
}
