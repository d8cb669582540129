// The suite's client, in a process of its own because it keeps its results in globals.
//
//   client.mjs SUITE ENGINE BASE [ID…]      sends {id: true | [name, message]} to its parent
//
// What the suite's cli.mjs does, but for some tests alone as well; the npm release's chapter on
// Surrogate-Control, which the suite has since dropped, is left out.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [root, engine, base, ...ids] = process.argv.slice(2)
const load = path => import(pathToFileURL(path))
const chapters = (await load(join(root, 'tests/index.mjs'))).default
const { runTests, getResults } = await load(join(engine, 'client/runner.mjs'))

const wanted = ids.length === 0
  ? chapters
  : chapters.map(chapter => ({ ...chapter, tests: chapter.tests.filter(test => ids.includes(test.id)) }))

if (existsSync(join(root, 'test-engine'))) {
  await runTests(wanted, false, base)
} else {
  const fetch = createRequire(join(root, 'package.json'))('node-fetch')
  await runTests(wanted, fetch, false, base)
}
process.send(getResults(), () => process.exit(0))
