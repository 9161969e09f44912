/** Scenario files that a run on a given real cluster leaves out, and why. Every other file runs unchanged on both. */
export const embeddedOnly: Readonly<Record<string, string>> = {
  'test/dev.test.ts': 'about the command berth dev itself',
  'test/crashes.test.ts': 'kills the whole embedded cluster and starts it on the same data',
  'test/faults-agones.test.ts': 'kills the API server, which serves allocations itself on the embedded cluster alone',
  'test/faults.test.ts': 'kills the whole embedded cluster and starts it on the same data',
}

/** Scenario files that bring up the clusters they need, embedded and real, and so have run before. */
export const onOwnClusters: Readonly<Record<string, string>> = {
  'test/coexistence.test.ts': 'installs what OpenKruiseGame consists of',
  'test/doctor.test.ts': 'breaks the installation',
  'test/fidelity.test.ts': 'compares the API servers of both',
  'test/namespaces.test.ts': 'runs controllers that see only some namespaces',
}
