import { chmod, copyFile, cp, glob, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { must, root, run } from '../harness/run.ts'
import { type ImageConfig, type Layer, packLayer, writeArchive } from './oci-archive.ts'

/** What an `image.yaml` of the embedded cluster says, as far as a container image can say it. */
interface ImageSource {
  names: (string | number)[]
  tags?: string[] | Record<string, Partial<ImageSource>>
  from?: string
  files?: string
  entrypoint?: string[]
  command?: string[]
  env?: Record<string, string>
  workingDir?: string
  stopSignal?: string
}

/** Folders of image sources, and the repository that scenarios name them by. */
const sources = [
  { folder: 'examples/images', repository: 'example.com' },
  { folder: 'test/images', repository: 'registry.example.com/studio' },
]

export const pauseImage = 'berth.dev/pause:1'

async function copyProgram(program: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  await copyFile(program, target)
  await chmod(target, 0o755)
}

async function copyLibraries(program: string, rootfs: string): Promise<void> {
  const listed = await run('ldd', [program])
  for (const [path] of listed.stdout.matchAll(/\/\S+/g)) {
    await mkdir(join(rootfs, dirname(path)), { recursive: true })
    await copyFile(path, join(rootfs, path))
  }
}

/** What the embedded cluster lends every container from the host, as a root file system: a shell with its tools, bash and Node. */
async function baseRootfs(rootfs: string): Promise<void> {
  for (const folder of ['bin', 'usr/bin', 'usr/local/bin', 'tmp', 'etc', 'var/www', 'proc', 'sys', 'dev']) {
    await mkdir(join(rootfs, folder), { recursive: true })
  }
  await copyProgram('/bin/busybox', join(rootfs, 'bin/busybox'))
  const applets = must(await run('/bin/busybox', ['--list']), 'busybox --list')
    .trim()
    .split('\n')
  for (const applet of applets) if (applet !== 'busybox') await symlink('busybox', join(rootfs, 'bin', applet))
  await rm(join(rootfs, 'usr/bin/env'), { force: true })
  await symlink('/bin/busybox', join(rootfs, 'usr/bin/env'))
  await copyProgram('/bin/bash', join(rootfs, 'bin/bash'))
  await copyLibraries('/bin/bash', rootfs)
  await copyProgram(process.execPath, join(rootfs, 'usr/local/bin/node'))
  await copyLibraries(process.execPath, rootfs)
  await chmod(join(rootfs, 'tmp'), 0o1777)
}

/** The tag makes every image another one, as builds do; only `TAG-again` is the image of `TAG` under a second name. */
const configOf = (source: Partial<ImageSource>, tag: string): ImageConfig => ({
  Labels: { 'org.opencontainers.image.version': tag.replace(/-again$/, '') },
  Env: [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...Object.entries(source.env ?? {}).map(([name, value]) => `${name}=${value}`),
  ],
  ...(source.entrypoint === undefined ? {} : { Entrypoint: source.entrypoint }),
  ...(source.command === undefined ? {} : { Cmd: source.command }),
  ...(source.workingDir === undefined ? {} : { WorkingDir: source.workingDir }),
  ...(source.stopSignal === undefined ? {} : { StopSignal: source.stopSignal }),
})

/** The images that the examples' manifests and pages name: by name, the repositories and tags. */
async function mentioned(): Promise<Map<string, { repositories: Set<string>; tags: Set<string> }>> {
  const found = new Map<string, { repositories: Set<string>; tags: Set<string> }>()
  for await (const file of glob(['README.md', 'examples/*/*.{yaml,md}'], { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8')
    for (const [, repository = '', name = '', tag = ''] of text.matchAll(/image: ([\w.\-/]+)\/([\w.-]+):([\w.-]+)/g)) {
      const entry = found.get(name) ?? { repositories: new Set(), tags: new Set() }
      entry.repositories.add(repository)
      entry.tags.add(tag)
      found.set(name, entry)
    }
  }
  return found
}

/** Packs the images of the examples and of the scenarios, and the sandbox's; gives the archive's path. */
export async function packImages(folder: string, pause: string): Promise<string> {
  const work = join(folder, 'images')
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true })
  const base = join(work, 'base')
  await baseRootfs(base)
  const baseLayer = await packLayer(base, join(work, 'base.tar'))
  await copyProgram(pause, join(work, 'pause/pause'))
  const images: { reference: string; config: ImageConfig; layers: Layer[] }[] = [
    { reference: pauseImage, config: { Entrypoint: ['/pause'] }, layers: [await packLayer(join(work, 'pause'), join(work, 'pause.tar'))] },
  ]

  const layers = new Map<string, Layer>()
  const layerOf = async (files: string) => {
    const known = layers.get(files)
    if (known !== undefined) return known
    const copy = join(work, `files-${layers.size}`)
    await cp(files, copy, { recursive: true })
    const layer = await packLayer(copy, `${copy}.tar`)
    layers.set(files, layer)
    return layer
  }
  const mentions = await mentioned()
  for (const { folder: group, repository } of sources) {
    const bases = new Map<string, { source: Partial<ImageSource>; layers: Layer[] }>()
    const found: { source: ImageSource; folder: string }[] = []
    for (const name of await readdir(join(root, group))) {
      const file = join(root, group, name, 'image.yaml')
      const text = await readFile(file, 'utf8').catch(() => undefined)
      if (text === undefined) continue
      for (const document of parseAllDocuments(text)) found.push({ source: document.toJS() as ImageSource, folder: dirname(file) })
    }
    // An image that others are made from comes before them.
    found.sort((a, b) => Number(a.source.from !== undefined) - Number(b.source.from !== undefined))
    for (const { source, folder: home } of found) {
      // One that lists no tags is there under every tag.
      const tags = source.tags ?? ['latest', ...source.names.flatMap(name => [...(mentions.get(String(name))?.tags ?? [])])]
      const variants: [string, Partial<ImageSource>][] = Array.isArray(tags) ? tags.map(tag => [tag, {}]) : Object.entries(tags)
      for (const [tag, more] of variants) {
        const from = source.from === undefined ? undefined : bases.get(source.from)
        const own = [source.files, more.files].filter(files => files !== undefined)
        const stack = [...(from?.layers ?? [baseLayer])]
        for (const files of own) stack.push(await layerOf(join(home, files)))
        const merged = { ...from?.source, ...source, ...more, env: { ...from?.source.env, ...source.env, ...more.env } }
        for (const name of source.names.map(String)) {
          bases.set(`${name}:${tag}`, { source: merged, layers: stack })
          for (const place of new Set([repository, ...(mentions.get(name)?.repositories ?? [])])) {
            images.push({ reference: `${place}/${name}:${tag}`, config: configOf(merged, tag), layers: stack })
          }
        }
      }
    }
  }
  const archive = join(folder, 'images.tar')
  await writeArchive(images, archive)
  await rm(work, { recursive: true, force: true })
  return archive
}
