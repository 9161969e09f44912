import { sdk } from './sdk.mjs'

const done = async (name, work) => {
  await work
  return `SUCCESS: ${name}`
}

/** What players can say. Each gives the text of the answer, or nothing to have the message itself come back. */
export const commands = {
  EXIT: () => sdk.shutdown().then(() => undefined),
  UNHEALTHY: (_words, game) => void (game.isHealthy = false),
  GAMESERVER: async () => JSON.stringify((await sdk.gameServer()).object_meta.name),
  READY: () => sdk.ready().then(() => undefined),
  ALLOCATE: () => sdk.allocate().then(() => undefined),
  RESERVE: ([seconds = '10']) => sdk.reserve(Number.parseInt(seconds, 10)).then(() => undefined),
  LABEL: ([key = 'timestamp', value = String(Date.now())]) => sdk.setLabel(key, value).then(() => undefined),
  ANNOTATION: ([key = 'timestamp', value = new Date().toISOString()]) => sdk.setAnnotation(key, value).then(() => undefined),
  CRASH: () => process.exit(1),
  GET_COUNTER_COUNT: async ([name]) => `COUNTER: ${(await sdk.counter(name)).count}`,
  INCREMENT_COUNTER: ([name, amount]) => done('INCREMENT_COUNTER', sdk.updateCounter(name, { countDiff: amount })),
  DECREMENT_COUNTER: ([name, amount]) => done('DECREMENT_COUNTER', sdk.updateCounter(name, { countDiff: `-${amount}` })),
  SET_COUNTER_COUNT: ([name, count]) => done('SET_COUNTER_COUNT', sdk.updateCounter(name, { count })),
  GET_COUNTER_CAPACITY: async ([name]) => `CAPACITY: ${(await sdk.counter(name)).capacity}`,
  SET_COUNTER_CAPACITY: ([name, capacity]) => done('SET_COUNTER_CAPACITY', sdk.updateCounter(name, { capacity })),
  GET_LIST_CAPACITY: async ([name]) => `CAPACITY: ${(await sdk.list(name)).capacity}`,
  SET_LIST_CAPACITY: ([name, capacity]) => done('SET_LIST_CAPACITY', sdk.updateList(name, { capacity })),
  LIST_CONTAINS: async ([name, value]) => `FOUND: ${(await sdk.list(name)).values.includes(value)}`,
  GET_LIST_LENGTH: async ([name]) => `LENGTH: ${(await sdk.list(name)).values.length}`,
  GET_LIST_VALUES: async ([name]) => `VALUES: ${(await sdk.list(name)).values.join(',')}`,
  APPEND_LIST_VALUE: ([name, value]) => done('APPEND_LIST_VALUE', sdk.addListValue(name, value)),
  DELETE_LIST_VALUE: ([name, value]) => done('DELETE_LIST_VALUE', sdk.removeListValue(name, value)),
}
