import { describe, expect, test } from 'vitest'
import { editDistance, nearest } from './nearest.ts'
import { capacityOf } from './port-range.ts'
import { defaultProviderConfig, parseProviderConfig, ProviderConfigError } from './provider-config.ts'

describe('parseProviderConfig', () => {
  test('the file OpenKruiseGame ships gives the defaults', () => {
    const config = parseProviderConfig(`
      [kubernetes]
      enable = true
      [kubernetes.hostPort]
      max_port = 9000
      min_port = 8000
      [volcengine]
      enable = true
      [volcengine.clb]
      max_port = 600
      min_port = 550
      block_ports = [593]
      [hwcloud]
      enable = true
      [hwcloud.elb]
      max_port = 700
      min_port = 500
      block_ports = []
      [hwcloud.cce.elb]
      max_port = 65535
      min_port = 32768
      block_ports = []
      [aws]
      enable = false
    `)
    expect(config).toEqual(defaultProviderConfig)
  })

  test('what is not named keeps its ports', () => {
    expect(parseProviderConfig('')).toEqual(defaultProviderConfig)
  })

  test.each([
    ['[volcengine]\nenable = false', '[volcengine] enable is false in the provider configuration'],
    ['[volcengine.clb]\nmin_port = 600\nmax_port = 550', '[volcengine.clb] max_port must be above min_port'],
    ['[volcengine.clb]\nmin_port = "a"\nmax_port = 550', '[volcengine.clb] needs the numbers min_port and max_port'],
    ['[volcengine.clb]\nmin_port = 550\nmax_port = 600\nblock_ports = [600]', '[volcengine.clb] block port 600 must be from 550 to 599'],
    ['[volcengine.clb]\nmin_port = 0\nmax_port = 600', '[volcengine.clb] ports must be from 1 to 65535'],
  ])('%j', (text, reason) => {
    const { ranges, off } = parseProviderConfig(text)
    expect(off).toEqual({ 'volcengine.clb': reason })
    expect(ranges['volcengine.clb']).toBeUndefined()
    expect(ranges['hwcloud.elb']).toBeDefined()
  })

  test('an ELB takes 200 ports', () => {
    expect(parseProviderConfig('[hwcloud.elb]\nmin_port = 500\nmax_port = 701').off['hwcloud.elb']).toBe(
      '[hwcloud.elb] an ELB takes at most 200 ports',
    )
    expect(parseProviderConfig('[hwcloud.elb]\nmin_port = 500\nmax_port = 701\nblock_ports = [600]').off).toEqual({})
  })

  test('no TOML is an error of its own', () => {
    expect(() => parseProviderConfig('[volcengine')).toThrow(ProviderConfigError)
  })
})

test('blocked ports do not count', () => {
  expect(capacityOf({ min: 550, max: 599, blocked: [593, 700] })).toBe(49)
})

test('the nearest name', () => {
  expect(editDistance('ClbIds', 'ClbIds')).toBe(0)
  expect(editDistance('ab', 'ba')).toBe(1)
  expect(nearest('portprotocol', ['ClbIds', 'PortProtocols', 'Fixed'])).toBe('PortProtocols')
  expect(nearest('zzzzzz', ['ClbIds', 'Fixed'])).toBeUndefined()
})
