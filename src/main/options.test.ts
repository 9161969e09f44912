import { describe, expect, test } from 'vitest'
import { hostAndPort, leaseDuration, namespaceList } from './options.ts'

describe('options of the commands that run in a cluster', () => {
  test.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::]:8080', { host: '::', port: 8080 }],
    [':8080', { host: '', port: 8080 }],
  ])('%s is a place to listen', (text, place) => expect(hostAndPort(text)).toEqual(place))

  test('names of namespaces are told apart by commas', () => expect(namespaceList('games, events')).toEqual(['games', 'events']))

  test.each([
    ['4s', 4000],
    ['15', 15_000],
    ['5m', 300_000],
  ])('%s is the duration of a lease', (text, ms) => expect(leaseDuration(text)).toBe(ms))

  test.each([
    [hostAndPort, '8080', 'host:port'],
    [namespaceList, 'Games', '"Games" is no name'],
    [leaseDuration, '1s', 'from 2s to 5m'],
    [leaseDuration, '2500ms', 'whole seconds'],
    [leaseDuration, '6m', 'from 2s to 5m'],
    [leaseDuration, 'long', 'a span of time'],
  ])('%o refuses %s', (read, text, complaint) => expect(() => read(text)).toThrow(complaint))
})
