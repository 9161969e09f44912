import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderCatalogue } from './folder-catalogue.ts'

let base: string
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'catalogue-'))
})
afterEach(() => rm(base, { recursive: true }))

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(base, path)), { recursive: true })
  await writeFile(join(base, path), text)
}
const catalogue = (...folders: string[]) =>
  new FolderCatalogue({ folders: folders.map(folder => join(base, folder)), nodePath: '/opt/node', hostPath: [join(base, 'host-bin')] })

describe('FolderCatalogue', () => {
  it('finds an image with and without registry and namespace', async () => {
    await write('a/game/image.yaml', 'names: [2048]\nentrypoint: [/srv/game]\nnode: true\n')
    const images = catalogue('a')
    for (const reference of ['2048:v1', 'team/2048:v1', 'registry.example.com:5000/team/2048:v1']) {
      expect(await images.resolve(reference)).toMatchObject({
        reference,
        entrypoint: ['/srv/game'],
        hostFiles: { '/usr/local/bin/node': '/opt/node' },
      })
    }
    expect((await images.resolve('2048'))?.reference).toBe('2048:latest')
    expect(await images.resolve('other/12048')).toBeUndefined()
  })

  it('prefers the longer name, then the later folder', async () => {
    await write('a/x/image.yaml', 'names: [team/game]\nentrypoint: [team]\n---\nnames: [game]\nentrypoint: [first]\n')
    await write('b/x/image.yaml', 'names: [game]\nentrypoint: [second]\n')
    const images = catalogue('a', 'b')
    expect((await images.resolve('hub/team/game:1'))?.entrypoint).toEqual(['team'])
    expect((await images.resolve('hub/game:1'))?.entrypoint).toEqual(['second'])
  })

  it('keeps tags as text and gives each its own files and identity', async () => {
    await write('a/mc/image.yaml', 'names: [mc]\nenv: {MODE: x}\ntags:\n  1.10: {files: ./old, env: {V: 1.10}}\n  1.20:\n')
    await write('a/mc/old/srv/version', '1.10')
    const images = catalogue('a')
    const [old, young] = await Promise.all([images.resolve('mc:1.10'), images.resolve('mc:1.20')])
    expect(old).toMatchObject({ layers: [join(base, 'a/mc/old')], env: { MODE: 'x', V: '1.10' } })
    expect(young?.layers).toBeUndefined()
    expect(old?.id).not.toBe(young?.id)
    expect(await images.resolve('mc:1.30')).toBeUndefined()
    expect(images.hint('mc:1.30')).toContain('only the tags 1.10, 1.20')
  })

  it('differs in identity by tag even when the files are the same, and by content', async () => {
    await write('a/g/image.yaml', 'names: [g]\ntags: [v1, v2]\nfiles: ./root\n')
    await write('a/g/root/data', 'one')
    const images = catalogue('a')
    const [one, two] = await Promise.all([images.resolve('g:v1'), images.resolve('g:v2')])
    expect(one?.id).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(one?.id).not.toBe(two?.id)
    expect((await images.resolve('g:v1'))?.id).toBe(one?.id)
    await write('a/g/root/data', 'another')
    expect((await images.resolve('g:v1'))?.id).not.toBe(one?.id)
  })

  it('builds an image on another one', async () => {
    await write(
      'a/base/image.yaml',
      'names: [2048]\ntags: [latest, v1]\nfiles: ./root\nentrypoint: [/srv/game]\ncommand: [--fast]\nenv: {A: 1, B: 1}\n',
    )
    await write('a/base/root/srv/game', '')
    await write('b/own/image.yaml', 'names: [studio/game]\nfrom: 2048\nfiles: ./mine\nenv: {B: 2}\n')
    await write('b/own/mine/data', '')
    const images = catalogue('a', 'b')
    expect(await images.resolve('hub/studio/game:v1')).toMatchObject({
      layers: [join(base, 'b/own/mine'), join(base, 'a/base/root')],
      entrypoint: ['/srv/game'],
      command: ['--fast'],
      env: { A: '1', B: '2' },
    })
    expect((await images.resolve('hub/studio/game:v7'))?.entrypoint).toEqual(['/srv/game'])
  })

  it.each([
    ['a circle', 'names: [x]\nfrom: x\n', 'circles'],
    ['an entry that is not there', 'names: [x]\nfrom: nowhere:v1\n', 'nowhere:v1 is not in the catalogue'],
    ['a folder that is not there', 'names: [x]\nfiles: ./none\n', 'there is no folder'],
    ['a program that nobody has', 'names: [x]\nrequires: [rsync]\n', 'neither this host nor the image has the program rsync'],
  ])('says why an entry cannot be used: %s', async (_, text, message) => {
    await write('a/x/image.yaml', text)
    const images = catalogue('a')
    expect(await images.resolve('x:v2')).toBeUndefined()
    expect(images.hint('x:v2')).toContain(message)
  })

  it('finds required programs in the image', async () => {
    await write('a/x/image.yaml', 'names: [x]\nfiles: ./root\nrequires: [rsync]\n')
    await write('a/x/root/usr/bin/rsync', '')
    await chmod(join(base, 'a/x/root/usr/bin/rsync'), 0o755)
    expect(await catalogue('a').resolve('x')).toBeDefined()
  })

  it.each([
    ['an unknown key', 'names: [y]\nentrypiont: [a]\n', 'entrypiont: unknown key'],
    ['an unknown key of a tag', 'names: [y]\ntags: {v1: {file: a}}\n', 'tags.v1.file: unknown key'],
    ['a wrong type', 'names: [y]\nentrypoint: /srv/game\n', 'entrypoint: must be a list of texts'],
    ['no name', 'entrypoint: [a]\n', 'names: at least one image name is required'],
    ['no YAML', 'names: [y\n', 'image.yaml: '],
    ['no map', '- y\n', 'an image is described by keys and values'],
  ])('reports %s with file and key, and keeps the other entries', async (_, text, message) => {
    await write('a/good/image.yaml', 'names: [good]\n')
    await write('a/bad/image.yaml', text)
    const images = catalogue('a')
    expect(await images.resolve('good')).toBeDefined()
    expect(await images.resolve('y')).toBeUndefined()
    expect(images.problems.join()).toContain(`${join(base, 'a/bad/image.yaml')}: `)
    expect(images.problems.join()).toContain(message)
    expect(images.hint('y')).toContain(message)
  })

  it('reads files again when they changed', async () => {
    const images = catalogue('a')
    expect(await images.resolve('hub/late:v1')).toBeUndefined()
    expect(images.hint('hub/late:v1')).toContain(`searched: ${join(base, 'a')}`)
    await write('a/late/image.yaml', 'names: [late]\n')
    expect(await images.resolve('hub/late:v1')).toBeDefined()
    await rm(join(base, 'a/late'), { recursive: true })
    expect(await images.resolve('hub/late:v1')).toBeUndefined()
  })

  it('takes a digest for an entry of any tag', async () => {
    await write('a/g/image.yaml', 'names: [g]\n---\nnames: [h]\ntags: [v1]\n')
    const images = catalogue('a')
    expect((await images.resolve('hub/g@sha256:ab'))?.reference).toBe('hub/g@sha256:ab')
    expect(await images.resolve('hub/h@sha256:ab')).toBeUndefined()
    expect(await images.resolve('hub/h:v1@sha256:ab')).toBeDefined()
  })
})
