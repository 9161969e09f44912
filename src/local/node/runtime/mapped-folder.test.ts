import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareFolder, rewritePaths } from './mapped-folder.ts'

describe('rewritePaths', () => {
  const folder = { root: '/c', prefixes: ['/var/www/html', '/app'] }
  it.each([
    ['/app', '/c/app'],
    ['/app/js/*', '/c/app/js/*'],
    ['rsync -aP /app/js/* /var/www/html/ && echo "/app"', 'rsync -aP /c/app/js/* /c/var/www/html/ && echo "/c/app"'],
    ['--data=/app/x;/app/y', '--data=/c/app/x;/c/app/y'],
    ['http://host/app', 'http://host/app'],
    ['/application /home/app /app-data /app.d', '/application /home/app /app-data /app.d'],
    ['/bin/sh', '/bin/sh'],
  ])('%s', (text, expected) => {
    expect(rewritePaths(folder, text)).toBe(expected)
  })
})

describe('prepareFolder', () => {
  it('copies layers, links volumes, and maps only what the image brings', async () => {
    const base = await mkdtemp(join(tmpdir(), 'mapped-'))
    try {
      await mkdir(join(base, 'image/usr/local/bin'), { recursive: true })
      await writeFile(join(base, 'image/usr/local/bin/game'), '')
      await mkdir(join(base, 'volume'))
      const image = { reference: 'x', id: 'x', layers: [join(base, 'image')], entrypoint: [], command: [], env: {} }
      const mounts = [{ hostPath: join(base, 'volume'), mountPath: '/var/lib/data', readOnly: false }]
      const folder = await prepareFolder(join(base, 'root'), image, mounts, '/srv/none')
      expect(folder.path('/usr/local/bin/game')).toBe(join(base, 'root/usr/local/bin/game'))
      expect(folder.path('/usr/lib/x')).toBe('/usr/lib/x')
      expect(folder.path('/srv/none')).toBe(join(base, 'root/srv/none'))
      expect(await readlink(join(base, 'root/var/lib/data'))).toBe(join(base, 'volume'))
      expect(await readdir(join(base, 'root/usr/local/bin'))).toEqual(['game'])
    } finally {
      await rm(base, { recursive: true })
    }
  })
})
