import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveLinks } from './resolve-links.ts'
import { prepareRootFolder, type RootFolderInput } from './root-folder.ts'

let base: string
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'root-folder-'))
  await tree('host', {
    'usr/bin/sh': '',
    'etc/passwd': 'root',
    'etc/resolv.conf': { link: '../run/resolv.conf' },
    bin: { link: 'usr/bin' },
  })
  await tree('volume', { data: 'x' })
})
afterEach(() => rm(base, { recursive: true }))

async function tree(top: string, files: Record<string, string | { link: string }>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(base, top, path)), { recursive: true })
    if (typeof content === 'string') await writeFile(join(base, top, path), content)
    else await symlink(content.link, join(base, top, path))
  }
  return join(base, top)
}

const prepare = (input: Partial<RootFolderInput>) =>
  prepareRootFolder({
    prepared: join(base, 'prepared'),
    image: { reference: 'game:latest' },
    mounts: [],
    workingDir: '/',
    files: {},
    hostMountPoints: [],
    hostRoot: join(base, 'host'),
    ...input,
  })
const prepared = (path: string) => join(base, 'prepared', path)
const volume = (mountPath: string, readOnly = false) => ({ hostPath: join(base, 'volume'), mountPath, readOnly })

describe('prepareRootFolder', () => {
  it('overlays what the host has and repeats its links', async () => {
    expect(await prepare({})).toEqual([
      { do: 'overlay', top: 'usr', lower: [join(base, 'host/usr')] },
      { do: 'overlay', top: 'etc', lower: [join(base, 'host/etc')] },
    ])
    expect((await readdir(prepared('root'))).toSorted()).toEqual(
      ['bin', 'dev', 'etc', 'home', 'media', 'mnt', 'proc', 'root', 'run', 'srv', 'sys', 'tmp', 'usr', 'var'].toSorted(),
    )
    expect((await stat(prepared('root/tmp'))).mode & 0o7777).toBe(0o1777)
  })

  it('puts the layers of an image over each other, the first uppermost', async () => {
    const layers = [await tree('upper', { 'usr/bin/game': '', 'app/a': '' }), await tree('lower', { 'app/b': '', 'entry.sh': 'echo' })]
    const steps = await prepare({ image: { reference: 'game:latest', layers } })
    expect(steps).toContainEqual({ do: 'overlay', top: 'app', lower: ['image/0/app', 'image/1/app'] })
    expect(steps).toContainEqual({ do: 'overlay', top: 'usr', lower: ['image/0/usr', join(base, 'host/usr')] })
    expect(steps.slice(0, 2)).toEqual([
      { do: 'bind-read-only', from: layers[0], to: 'image/0' },
      { do: 'bind-read-only', from: layers[1], to: 'image/1' },
    ])
    expect(await readFile(prepared('root/entry.sh'), 'utf8')).toBe('echo')
  })

  it('copies a folder of the image to where the link of the host leads', async () => {
    await prepare({ image: { reference: 'game:latest', layers: [await tree('image', { 'bin/game': 'run' })] } })
    expect(await readFile(prepared('upper/usr/bin/game'), 'utf8')).toBe('run')
  })

  it('makes mount points in the upper layer, never in the host or the image', async () => {
    const layers = [await tree('image', { 'var/www/index.html': '' })]
    const image = { reference: 'game:latest', layers }
    const steps = await prepare({
      image,
      mounts: [volume('/var/www/html/js/deep'), volume('/var/www/html/js', true), volume('/etc/podinfo')],
    })
    expect(steps.slice(-3)).toEqual([
      { do: 'bind', from: join(base, 'volume'), to: 'root/etc/podinfo' },
      { do: 'bind-read-only', from: join(base, 'volume'), to: 'root/var/www/html/js' },
      { do: 'bind', from: join(base, 'volume'), to: 'root/var/www/html/js/deep' },
    ])
    expect((await stat(prepared('upper/var/www/html/js'))).isDirectory()).toBe(true)
    expect((await readdir(join(base, 'host/etc'))).toSorted()).toEqual(['passwd', 'resolv.conf'])
  })

  it('resolves links of the image inside the container', async () => {
    const layers = [await tree('image', { 'var/data': { link: '/srv/data' }, 'app/out': { link: '../../../../etc' } })]
    const steps = await prepare({ image: { reference: 'game:latest', layers }, mounts: [volume('/var/data/v'), volume('/app/out/v')] })
    expect(steps.slice(-2).map(step => 'to' in step && step.to)).toEqual(['root/srv/data/v', 'root/etc/v'])
  })

  it('replaces the linked /etc/resolv.conf of the host', async () => {
    await prepare({ files: { '/etc/resolv.conf': 'nameserver 10.0.0.10\n' } })
    expect(await readFile(prepared('upper/etc/resolv.conf'), 'utf8')).toBe('nameserver 10.0.0.10\n')
  })

  it.each([
    ['the root as mount path', [{ hostPath: '/tmp', mountPath: '/', readOnly: false }], 'the root folder cannot be a volume'],
    ['a volume that is not there', [{ hostPath: '/nowhere', mountPath: '/v', readOnly: false }], 'volume mount /v'],
  ])('refuses %s', async (_, mounts, message) => {
    await expect(prepare({ mounts })).rejects.toThrow(message)
  })
})

describe('resolveLinks', () => {
  it('gives up on a circle', async () => {
    await expect(resolveLinks('/a/b', async path => (path === '/a' ? '/a' : undefined))).rejects.toThrow(
      'too many levels of symbolic links',
    )
  })
})
