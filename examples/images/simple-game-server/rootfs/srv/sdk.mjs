// The SDK of Agones over HTTP: a game needs no library for it.
const base = `http://localhost:${process.env['AGONES_SDK_HTTP_PORT'] ?? 9358}`

async function call(method, path, body = {}) {
  const answer = await fetch(`${base}${path}`, { method, ...(method !== 'GET' && { body: JSON.stringify(body) }) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(JSON.parse(text).message ?? text)
  return text === '' ? {} : JSON.parse(text)
}

export const sdk = {
  ready: () => call('POST', '/ready'),
  allocate: () => call('POST', '/allocate'),
  reserve: seconds => call('POST', '/reserve', { seconds: String(seconds) }),
  shutdown: () => call('POST', '/shutdown'),
  health: () => call('POST', '/health'),
  gameServer: () => call('GET', '/gameserver'),
  setLabel: (key, value) => call('PUT', '/metadata/label', { key, value }),
  setAnnotation: (key, value) => call('PUT', '/metadata/annotation', { key, value }),
  counter: name => call('GET', `/v1beta1/counters/${encodeURIComponent(name)}`),
  updateCounter: (name, request) => call('PATCH', `/v1beta1/counters/${encodeURIComponent(name)}`, request),
  list: name => call('GET', `/v1beta1/lists/${encodeURIComponent(name)}`),
  updateList: (name, request) => call('PATCH', `/v1beta1/lists/${encodeURIComponent(name)}`, request),
  addListValue: (name, value) => call('POST', `/v1beta1/lists/${encodeURIComponent(name)}:addValue`, { value }),
  removeListValue: (name, value) => call('POST', `/v1beta1/lists/${encodeURIComponent(name)}:removeValue`, { value }),
}
