// What a person reads of a run.

const KINDS = ['required', 'optimal', 'check']
const COLUMNS = ['pass', 'fail', 'not optimal', 'dependency', 'setup', 'harness', 'retry', 'untested', 'yes', 'no']

/** The sums by kind. A column that nothing falls into is left out. */
export function table (suite, judged) {
  const count = (kind, outcome) => judged.filter(test => test.kind === kind && test.outcome === outcome).length
  const columns = COLUMNS.filter(outcome => KINDS.some(kind => count(kind, outcome) > 0))
  const lines = KINDS.map(kind => [
    kind,
    ...columns.map(outcome => String(count(kind, outcome) || '')),
    String(judged.filter(test => test.kind === kind).length)
  ])
  const all = [['', ...columns, 'tests'], ...lines]
  const widths = all[0].map((_, column) => Math.max(...all.map(line => line[column].length)))
  const text = line => line.map((cell, column) => column ? cell.padStart(widths[column]) : cell.padEnd(widths[0])).join('  ')
  return all.map(text).join('\n') + '\n'
}

/** Every required or optimal test that does not pass, by chapter, with what the suite says. */
export function listNotPassing (judged) {
  const lines = []
  for (const [chapter, tests] of byChapter(judged.filter(test => test.counts && !test.passed))) {
    lines.push(`${chapter}:`)
    for (const test of tests.filter(test => test.outcome !== 'dependency')) {
      lines.push(`  ${test.outcome}  ${test.kind}  ${test.id}`)
      if (test.detail) lines.push(`      ${test.detail.split('\n')[0].slice(0, 160)}`)
    }
    const unjudged = tests.filter(test => test.outcome === 'dependency').map(test => test.id)
    if (unjudged.length) lines.push(`  not judged, because what they depend on does not pass: ${unjudged.join(' ')}`)
  }
  return lines.length ? lines.join('\n') + '\n' : 'every required and optimal test passes\n'
}

function byChapter (tests) {
  const chapters = new Map()
  for (const test of tests) chapters.set(test.chapter, [...(chapters.get(test.chapter) ?? []), test])
  return chapters
}
