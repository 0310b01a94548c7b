import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { describeSchema } from '../src/postgres/describe-schema.ts'
import { scratchDatabase } from './scratch-database.ts'

const file = fileURLToPath(new URL('../schema.sql', import.meta.url))

test('schema.sql is the sum of the migrations (out of date? `npm run schema`)', async (t) => {
  await using db = await scratchDatabase()
  t.assert.fileSnapshot(await describeSchema(db), file, { serializers: [(text: string) => text] })
})
