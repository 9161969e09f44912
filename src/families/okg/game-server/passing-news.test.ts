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

  it('gets few turns while urgent writes flow, and all of them soon after the last', () => {
    const { news, after } = start()
    let sent = 0
    for (let second = 0; second < 10; second += 1) {
      for (let tenth = 0; tenth < 10; tenth += 1) {
        news.urgentWritten()
        sent += written(news, 50)
        after(100)
      }
    }
    expect(sent).toBe(20 + 99)
    written(news, 5)
    expect(news.waitMs()).toBe(400)
    after(400)
    expect(written(news, 1000)).toBe(1000)
  })
})
