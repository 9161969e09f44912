import { describe, expect, it } from 'vitest'
import type { LogQuery, NodeStreams } from '../node/streams.ts'
import { ApiUnderTest, pod, pods } from './testing/api-under-test.ts'

const refused = { refused: true, status: 400, message: 'container x is not valid for pod p' } as const

/** A node that remembers what it was asked and says little. */
function fakeNode() {
  const queries: LogQuery[] = []
  const streams: NodeStreams = {
    async logs(ref, query) {
      queries.push(query)
      if (ref.container === 'x') return refused
      return (async function* () {
        yield Buffer.from(`${ref.namespace}/${ref.pod}\n`)
      })()
    },
    exec: () => Promise.resolve(refused),
    attach: () => Promise.resolve(refused),
    portForward: () => Promise.resolve(refused),
  }
  return { streams, queries }
}

async function withPod(node?: NodeStreams): Promise<ApiUnderTest> {
  const api = await ApiUnderTest.start()
  await api.ok('POST', pods, pod('p', { nodeName: 'n1' }))
  await api.ok('POST', pods, pod('waiting'))
  if (node !== undefined) api.server.setStreams(node)
  return api
}

describe('logs', () => {
  it('come from the node as they are', async () => {
    const { streams, queries } = fakeNode()
    await using api = await withPod(streams)
    const response = await api.transport.request({ method: 'GET', path: `${pods}/p/log?follow=true&tailLines=5` })
    const chunks: Uint8Array[] = []
    for await (const chunk of response.bytes()) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe('default/p\n')
    expect(queries).toMatchObject([{ follow: true, tailLines: 5, previous: false }])
  })

  it.each([
    ['of a container that is not there', 'p/log?container=x', 400, refused.message],
    [
      'with a bad option',
      'p/log?tailLines=-1',
      422,
      'PodLogOptions "p" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    ],
    ['with an option that is no number', 'p/log?tailLines=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['through an exec into a pod without a node', 'waiting/exec?command=ls', 400, 'pod waiting does not have a host assigned'],
    ['of no pod', 'none/log', 404, 'pods "none" not found'],
    ['through a plain exec', 'p/exec?command=ls', 400, 'Upgrade request required'],
  ])('are refused %s', async (_what, path, code, message) => {
    await using api = await withPod(fakeNode().streams)
    expect(await api.refused('GET', `${pods}/${path}`)).toMatchObject({ code, message })
  })

  it('are empty of a pod without a node, as on the real server', async () => {
    await using api = await withPod(fakeNode().streams)
    expect(await api.send('GET', `${pods}/waiting/log`)).toMatchObject({ code: 204 })
  })

  it('wait for a node to be connected', async () => {
    await using api = await withPod()
    expect(await api.refused('GET', `${pods}/p/log`)).toMatchObject({ code: 503, reason: 'ServiceUnavailable' })
  })
})

describe('streams', () => {
  it.each([
    ['what the node refuses', 'system:admin', `${pods}/p/exec?command=ls&stdout=true`, refused.message],
    ['users without the right', 'system:serviceaccount:default:bot', `${pods}/p/exec?command=ls`, 'cannot create resource "pods/exec"'],
    ['other paths', 'system:admin', `${pods}/p`, 'Upgrade request required'],
  ])('refuse %s', async (_what, user, path, message) => {
    await using api = await withPod(fakeNode().streams)
    await expect(api.as(user).transport.open(path, ['v5.channel.k8s.io'])).rejects.toThrow(message)
  })
})
