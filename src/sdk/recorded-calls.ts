/** Calls that can be asked for, by the names that Agones gives them. */
export const recordedCalls = [
  'ready',
  'allocate',
  'shutdown',
  'reserve',
  'health',
  'gameserver',
  'watch',
  'setlabel',
  'setannotation',
  'getcounter',
  'updatecounter',
  'setcountcounter',
  'setcapacitycounter',
  'getlist',
  'updatelist',
  'addlistvalue',
  'removelistvalue',
] as const
export type RecordedCall = (typeof recordedCalls)[number]
