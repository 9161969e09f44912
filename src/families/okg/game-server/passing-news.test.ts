import { describe, expect, it } from 'vitest'
import { PassingNews } from './passing-news.ts'

describe('PassingNews', () => {
  const start = () => {
    let now = 1_000_000
    const news = new PassingNews({ now: () => now })
    return { news, after: (ms: number) => (now += ms) }
  }
  const written = (news: PassingNews, tries: number): number =>
    Array.from({ length: tries }, () => news.waitMs()).filter(waitMs => waitMs === 0).length

  it('goes out at once when nothing urgent is written', () => {
    const { news } = start()
    expect(written(news, 1000)).toBe(1000)
  })

  it.each([
    ['a fast start', 100, 1],
    ['a slow start', 10, 10],
  ])('gets few turns while urgent writes flow: %s', (_, urgentPerSecond, seconds) => {
    const { news, after } = start()
    let sent = 0
    for (let urgent = 0; urgent < urgentPerSecond * seconds; urgent += 1) {
      news.urgentWritten()
      sent += written(news, 50)
      after(1000 / urgentPerSecond)
    }
    // Ten at first, one in twenty, one a second.
    expect(sent).toBeGreaterThanOrEqual(10)
    expect(sent).toBeLessThanOrEqual(10 + 5 + seconds)
  })

  it('goes out soon after the last urgent write', () => {
    const { news, after } = start()
    news.urgentWritten()
    written(news, 50)
    after(100)
    expect(news.waitMs()).toBe(400)
    after(400)
    expect(written(news, 1000)).toBe(1000)
  })
})
