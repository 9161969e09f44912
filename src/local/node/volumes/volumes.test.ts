import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Volume, VolumeMount } from '../../../apis/core/types.generated.ts'
import type { PodObject } from '../pods/container-state.ts'
import { writeAtomicFolder, type ProjectedFile } from './atomic-folder.ts'
import { PodVolumes } from './pod-volumes.ts'
import type { ProjectionContext } from './projection.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'volumes-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const files = (entries: Record<string, string>): Map<string, ProjectedFile> =>
  new Map(Object.entries(entries).map(([path, content]) => [path, { content, mode: 0o644 }]))

describe('writeAtomicFolder', () => {
  test('shows files through links and replaces them in one step', async () => {
    const root = join(folder, 'v')
    await writeAtomicFolder(root, files({ a: '1', 'sub/b': '2' }), 0)
    const before = await readlink(join(root, '..data'))
    expect(await readFile(join(root, 'a'), 'utf8')).toBe('1')
    expect(await readFile(join(root, 'sub/b'), 'utf8')).toBe('2')
    expect((await lstat(join(root, 'a'))).isSymbolicLink()).toBe(true)

    await writeAtomicFolder(root, files({ a: '3', c: '4' }), 1)
    expect(await readlink(join(root, '..data'))).not.toBe(before)
    expect(await readFile(join(root, 'a'), 'utf8')).toBe('3')
    expect((await readdir(root)).filter(name => !name.startsWith('..')).toSorted()).toEqual(['a', 'c'])
    expect((await readdir(root)).filter(name => name.startsWith('..')).length).toBe(2)
  })

  test('refuses paths that leave the volume', async () => {
    await expect(writeAtomicFolder(join(folder, 'v'), files({ '../../x': '' }), 0)).rejects.toThrow('leaves its volume')
  })
})

function pod(volumes: Volume[], annotations: Record<string, string> = {}, automount = false): PodObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', annotations },
    spec: { containers: [{ name: 'main' }], volumes, automountServiceAccountToken: automount },
  }
}

function context(object: PodObject): ProjectionContext {
  return {
    pod: object,
    place: { hostIP: '', podIPs: [] },
    capacity: {},
    ca: 'CA',
    token: audience => Promise.resolve(`token for ${audience}`),
    config: {
      configMap: (_namespace, name) =>
        Promise.resolve(
          name === 'cm'
            ? {
                apiVersion: 'v1',
                kind: 'ConfigMap',
                metadata: object.metadata,
                data: { key: 'text' },
                binaryData: { bin: Buffer.from([0, 255]).toString('base64') },
              }
            : undefined,
        ),
      secret: () => Promise.resolve(undefined),
    },
  }
}

describe('PodVolumes', () => {
  const make = () => new PodVolumes({ folder: join(folder, 'pod'), claimFolder: () => Promise.resolve(undefined), now: () => 0 })
  const mounts = (volumes: PodVolumes, object: PodObject, volumeMounts: VolumeMount[]) =>
    volumes.mounts(object, { name: 'main', volumeMounts }, { POD: 'p' })

  test('annotation files change with the pod', async () => {
    const volume: Volume = {
      name: 'info',
      downwardAPI: { items: [{ path: 'net', fieldRef: { fieldPath: `metadata.annotations['net']` } }] },
    }
    const volumes = make()
    await volumes.sync(context(pod([volume], { net: 'one' })))
    const [mount] = await mounts(volumes, pod([volume]), [{ name: 'info', mountPath: '/info' }])
    const path = join(mount?.hostPath ?? '', 'net')
    expect(await readFile(path, 'utf8')).toBe('one')
    await volumes.sync(context(pod([volume], { net: 'two' })))
    expect(await readFile(path, 'utf8')).toBe('two')
    const data = await readlink(join(mount?.hostPath ?? '', '..data'))
    await volumes.sync(context(pod([volume], { net: 'two', other: 'x' })))
    expect(await readlink(join(mount?.hostPath ?? '', '..data'))).toBe(data)
  })

  test('an emptyDir is one folder for everybody, and keeps its content', async () => {
    const object = pod([{ name: 'shared', emptyDir: {} }])
    const volumes = make()
    await volumes.sync(context(object))
    const [whole, part] = await mounts(volumes, object, [
      { name: 'shared', mountPath: '/a' },
      { name: 'shared', mountPath: '/b', subPathExpr: 'logs/$(POD)', readOnly: true },
    ])
    expect((await stat(whole?.hostPath ?? '')).mode & 0o777).toBe(0o777)
    expect(part).toMatchObject({ hostPath: join(whole?.hostPath ?? '', 'logs/p'), readOnly: true })
    await expect(mounts(volumes, object, [{ name: 'shared', mountPath: '/c', subPath: '../x' }])).rejects.toThrow('leaves its volume')
  })

  test('configMaps bring all keys or the chosen ones', async () => {
    const object = pod([
      { name: 'all', configMap: { name: 'cm' } },
      { name: 'some', configMap: { name: 'cm', items: [{ key: 'key', path: 'dir/file', mode: 0o600 }] } },
    ])
    const volumes = make()
    await volumes.sync(context(object))
    const [all, some] = await mounts(volumes, object, [
      { name: 'all', mountPath: '/a' },
      { name: 'some', mountPath: '/b' },
    ])
    expect([...(await readFile(join(all?.hostPath ?? '', 'bin')))]).toEqual([0, 255])
    expect(await readFile(join(some?.hostPath ?? '', 'dir/file'), 'utf8')).toBe('text')
    expect((await stat(join(some?.hostPath ?? '', 'dir/file'))).mode & 0o777).toBe(0o600)
  })

  test('every container finds the credentials of its service account', async () => {
    const object = pod([], {}, true)
    const volumes = make()
    await volumes.sync(context(object))
    const [mount] = await mounts(volumes, object, [])
    expect(mount).toMatchObject({ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true })
    expect(await readFile(join(mount?.hostPath ?? '', 'token'), 'utf8')).toBe('token for ')
    expect(await readFile(join(mount?.hostPath ?? '', 'ca.crt'), 'utf8')).toBe('CA')
    expect(await readFile(join(mount?.hostPath ?? '', 'namespace'), 'utf8')).toBe('ns')
  })

  test.each<[string, Volume, string]>([
    ['a missing configMap', { name: 'v', configMap: { name: 'no' } }, 'configmap "no" not found'],
    [
      'a missing key',
      { name: 'v', configMap: { name: 'cm', items: [{ key: 'no', path: 'x' }] } },
      'configmap references non-existent config key: no',
    ],
    ['an unbound claim', { name: 'v', persistentVolumeClaim: { claimName: 'c' } }, 'persistentvolumeclaim "c" is not bound'],
    ['an unknown kind', { name: 'v', nfs: { server: 's', path: '/' } }, 'the embedded node has no volumes of the kind nfs'],
  ])('%s is named', async (_name, volume, message) => {
    await expect(make().sync(context(pod([volume])))).rejects.toMatchObject({
      code: 'VOLUME',
      message: `MountVolume.SetUp failed for volume "v" : ${message}`,
    })
  })
})
