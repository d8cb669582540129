// What is expected of us: everything but the tests that docs/conformance-expected.json names.
//
//   { "not_passing": { "TEST-ID": { "reason": "why it does not pass", "only": "npm", "unsteady": true } } }
//
// Each name must stand in docs/conformance.md too, where the reason is told at length. `only` is for a test that
// one of the suite's releases (npm, checkout) has otherwise than the other; `unsteady` for one whose result
// depends on timing: it may pass.

import { existsSync, readFileSync } from 'node:fs'

/** The tests that are expected not to pass in this release of the suite, by name. */
export function readExpectations (path, pagePath, release) {
  if (!existsSync(path)) throw new Error(`${path} is missing`)
  const { not_passing: notPassing } = JSON.parse(readFileSync(path, 'utf8'))
  const page = readFileSync(pagePath, 'utf8')
  for (const [id, { reason }] of Object.entries(notPassing)) {
    if (!reason) throw new Error(`${path}: ${id} has no reason`)
    if (!page.includes(`\`${id}\``)) throw new Error(`${pagePath} does not tell of ${id}`)
  }
  return Object.fromEntries(Object.entries(notPassing).filter(([, { only }]) => only === undefined || only === release))
}

/** Says what is better or worse than expected; 1 when anything is. */
export function compare (judged, expected, onlySome) {
  const counting = judged.filter(test => test.counts)
  const worse = counting.filter(test => !test.passed && !(test.id in expected))
  const better = counting.filter(test => test.passed && test.id in expected && !expected[test.id].unsteady)
  for (const test of worse) console.log(`worse than expected: ${test.id} (${test.kind}): ${test.outcome}`)
  for (const test of better) console.log(`better than expected: ${test.id} passes; take it off docs/conformance-expected.json`)
  const passed = counting.filter(test => test.passed).length
  console.log(`conformance: ${passed} of ${counting.length} required and optimal tests pass, ` +
    (worse.length + better.length ? `${worse.length} worse and ${better.length} better than expected` : 'as expected') +
    (onlySome ? ' (of those asked for)' : ''))
  return worse.length + better.length ? 1 : 0
}
