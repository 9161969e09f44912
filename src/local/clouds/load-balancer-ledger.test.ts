import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LoadBalancerLedger } from './load-balancer-ledger.ts'

const ledger = (quota?: number, capacity = 100) =>
  new LoadBalancerLedger({ addressOf: n => `127.64.16.${n + 1}`, capacity, ...(quota === undefined ? {} : { quota }) })
const tcp = (port: number) => ({ protocol: 'TCP', port })
const udp = (port: number) => ({ protocol: 'UDP', port })

describe('who holds which listener', () => {
  it('gives one address per load balancer, and TCP and UDP apart', () => {
    const it = ledger()
    expect(it.take('ns/a', 'clb-1', [tcp(80), udp(80)], false)).toMatchObject({ ok: true, ip: '127.64.16.1' })
    expect(it.take('ns/b', 'clb-1', [tcp(81)], false)).toMatchObject({ ok: true, ip: '127.64.16.1' })
    expect(it.take('ns/c', 'clb-2', [tcp(80)], false)).toMatchObject({ ok: true, ip: '127.64.16.2' })
  })

  it('names the holder of a port, and who waits when it is free', () => {
    const it = ledger()
    it.take('ns/a', 'clb-1', [tcp(80), udp(80)], false)
    expect(it.take('ns/b', 'clb-1', [tcp(81), udp(80)], false)).toEqual({
      ok: false,
      reason: 'conflict',
      port: udp(80),
      holder: 'ns/a',
      retry: [],
    })
    expect(it.take('ns/c', 'clb-1', [tcp(81)], false)).toMatchObject({ ok: true })
    expect(it.take('ns/a', 'clb-1', [tcp(80)], false)).toMatchObject({ ok: true, retry: ['ns/b'] })
    expect(it.release('ns/a')).toEqual(['ns/b'])
    expect(it.take('ns/b', 'clb-1', [udp(80)], false)).toMatchObject({ ok: true })
  })

  it('keeps the address of a load balancer others may name, and gives back that of one made for a Service', () => {
    const it = ledger()
    it.take('ns/a', 'own-a', [tcp(80)], true)
    it.take('ns/b', 'clb-1', [tcp(80)], false)
    it.release('ns/a')
    it.release('ns/b')
    expect(it.take('ns/c', 'own-c', [tcp(80)], true)).toMatchObject({ ip: '127.64.16.1' })
    expect(it.take('ns/d', 'clb-1', [tcp(80)], false)).toMatchObject({ ip: '127.64.16.2' })
  })

  it('moves a Service to another load balancer', () => {
    const it = ledger()
    it.take('ns/a', 'clb-1', [tcp(80)], false)
    expect(it.take('ns/b', 'clb-1', [tcp(80)], false)).toMatchObject({ reason: 'conflict' })
    expect(it.take('ns/a', 'clb-2', [tcp(80)], false)).toMatchObject({ ok: true, ip: '127.64.16.2', retry: ['ns/b'] })
  })

  it('gives back the old load balancer also when the new one has no room', () => {
    const it = ledger()
    it.take('ns/a', 'clb-1', [tcp(80)], false)
    it.take('ns/b', 'clb-2', [tcp(80)], false)
    it.take('ns/c', 'clb-1', [tcp(80)], false)
    expect(it.take('ns/a', 'clb-2', [tcp(80)], false)).toMatchObject({ reason: 'conflict', retry: ['ns/c'] })
    expect(it.holds('ns/a')).toBe(false)
    expect(it.take('ns/b', 'clb-2', [tcp(80), tcp(81)], false)).toMatchObject({ ok: true })
    expect(it.release('ns/b')).toEqual(['ns/a'])
  })

  it('knows quotas and the end of the addresses', () => {
    const it = ledger(2, 1)
    expect(it.take('ns/a', 'clb-1', [tcp(1), tcp(2)], false)).toMatchObject({ ok: true })
    expect(it.take('ns/b', 'clb-1', [tcp(3)], false)).toEqual({ ok: false, reason: 'quota', quota: 2, retry: [] })
    expect(it.take('ns/c', 'clb-2', [tcp(3)], false)).toEqual({ ok: false, reason: 'no-address', retry: [] })
    expect(it.release('ns/a')).toEqual(['ns/b'])
  })

  it('takes over addresses after a restart', () => {
    const it = ledger()
    it.restore('clb-9', '127.64.16.1', false)
    it.restore('clb-9', '127.64.16.7', false)
    expect(it.take('ns/a', 'clb-1', [tcp(80)], false)).toMatchObject({ ip: '127.64.16.2' })
    expect(it.take('ns/b', 'clb-9', [tcp(80)], false)).toMatchObject({ ip: '127.64.16.1' })
  })

  it('never gives a listener to two Services, nor an address to two load balancers', () => {
    const step = fc.record({
      service: fc.integer({ min: 0, max: 5 }),
      balancer: fc.integer({ min: 0, max: 2 }),
      ports: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
      release: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const it = ledger()
        const held = new Map<string, { balancer: string; ip: string; ports: number[] }>()
        for (const { service, balancer, ports, release } of steps) {
          const name = `ns/${service}`
          if (release) {
            it.release(name)
            held.delete(name)
            continue
          }
          const id = `clb-${balancer}`
          const result = it.take(name, id, ports.map(tcp), false)
          if (held.get(name)?.balancer !== id) held.delete(name)
          if (result.ok) held.set(name, { balancer: id, ip: result.ip, ports })
        }
        const all = [...held.values()].flatMap(one => one.ports.map(port => `${one.balancer}:${port}`))
        expect(new Set(all).size).toBe(all.length)
        const addresses = new Map([...held.values()].map(one => [one.balancer, one.ip]))
        for (const one of held.values()) expect(addresses.get(one.balancer)).toBe(one.ip)
        expect(new Set(addresses.values()).size).toBe(addresses.size)
      }),
    )
  })
})
