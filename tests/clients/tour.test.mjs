// The tour in README.md, followed by the letter: each `console` block's commands print what it says.
//
// Only two things differ from a reader's screen: the port, and where the binary stands. `…` stands for what
// differs from run to run; alone on a line, for any lines.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { binary, root } from '../node/processes.mjs'
import { startDemo } from './bed.mjs'

/** The steps of all blocks: a command and the lines that it prints. */
function tour () {
  const page = readFileSync(join(root, 'README.md'), 'utf8')
  const blocks = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block)
  return blocks.flatMap(block => block.split(/^\$ /m).slice(1)).map(step => {
    const [command, ...lines] = step.trimEnd().split('\n')
    return { command, lines }
  })
}

function pattern (lines) {
  const escaped = lines.map(line => line === '…' ? '(.*\n)*.*' : line.split('…').map(escape).join('.+'))
  return new RegExp(`^${escaped.join('\\n')}\\n?$`)
}

const escape = text => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

test('the tour of README.md prints what it says', async () => {
  const steps = tour()
  assert.ok(steps.length >= 8, 'README.md has lost its tour')
  const demo = await startDemo('--workers', '2')
  const here = text => text.replaceAll('http://127.0.0.1:8080', demo.edge)
    .replaceAll('127.0.0.1:8080', new URL(demo.edge).host)
    .replaceAll('target/release/littoral', binary())
  const environment = { ...process.env, LITTORAL_ADMIN: demo.admin }
  try {
    for (const { command, lines } of steps) {
      const printed = execFileSync('bash', ['-c', here(command)], { env: environment, encoding: 'utf8' }).replaceAll('\r', '')
      assert.match(printed, pattern(lines.map(here)), command)
    }
  } finally {
    await demo.stop()
  }
})
