import { describe, expect, it } from 'vitest'
import { formatReference, matchingParts, parseReference } from './image-reference.ts'

describe('parseReference', () => {
  it.each([
    ['2048', { repository: '2048', tag: 'latest' }, '2048:latest'],
    ['2048:v1.0', { repository: '2048', tag: 'v1.0' }, '2048:v1.0'],
    ['hub:5000/team/2048', { repository: 'hub:5000/team/2048', tag: 'latest' }, 'hub:5000/team/2048:latest'],
    ['hub:5000/2048:v1', { repository: 'hub:5000/2048', tag: 'v1' }, 'hub:5000/2048:v1'],
    ['2048@sha256:ab', { repository: '2048', digest: 'sha256:ab' }, '2048@sha256:ab'],
    ['a/2048:v1@sha256:ab', { repository: 'a/2048', tag: 'v1', digest: 'sha256:ab' }, 'a/2048:v1@sha256:ab'],
  ])('%s', (text, parts, full) => {
    expect(parseReference(text)).toEqual(parts)
    expect(formatReference(parseReference(text))).toBe(full)
  })
})

describe('matchingParts', () => {
  it.each([
    ['2048', 'registry.example.com/team/2048', 1],
    ['team/2048', 'registry.example.com/team/2048', 2],
    ['registry.example.com/team/2048', 'registry.example.com/team/2048', 3],
    ['048', 'registry.example.com/team/2048', 0],
    ['other/2048', 'team/2048', 0],
  ])('%s in %s: %d', (name, repository, parts) => {
    expect(matchingParts(name, repository)).toBe(parts)
  })
})
