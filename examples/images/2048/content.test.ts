import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Content } from './rootfs/srv/2048/content.mjs'

let base: string
let loaded: string[]
let content: InstanceType<typeof Content>
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'content-'))
  await mkdir(join(base, 'html'))
  await mkdir(join(base, 'volume'))
  await symlink(join(base, 'volume'), join(base, 'html/js'))
  loaded = []
  content = new Content(join(base, 'html'), ({ texts }) => loaded.push(texts.version))
})
afterEach(() => rm(base, { recursive: true }))
const bring = (version: string) => writeFile(join(base, 'volume/content.json'), JSON.stringify({ version }))

it('serves what it has loaded until it is told to reload', async () => {
  await bring('v1')
  expect(await content.reload()).toBe(true)
  await bring('v2')
  expect(String(content.file('/js/content.json')?.data)).toBe('{"version":"v1"}')
  expect(await content.reload()).toBe(true)
  expect(content.texts.version).toBe('v2')
  expect(await content.reload()).toBe(false)
  expect(loaded).toEqual(['v1', 'v2'])
})

it('serves nothing outside its folder, and no unfinished file', async () => {
  await writeFile(join(base, 'volume/.content.json.1'), '')
  await content.reload()
  expect(content.file('/js/.content.json.1')).toBeUndefined()
  expect(content.file('/../volume/content.json')).toBeUndefined()
  expect(content.texts.version).toBe('none')
})

it('reloads by itself when files of the volume change', async () => {
  const ending = new AbortController()
  await content.watch(ending.signal)
  await bring('v1')
  for (let tries = 0; tries < 50 && content.texts.version !== 'v1'; tries++) await sleep(50)
  ending.abort()
  expect(content.texts.version).toBe('v1')
})
