import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { admit, type Bounds, estimatedWaitMs, learned, patienceMs, type Standing } from './admission.ts'
import { openWays } from './overload.ts'
import { openTurnstile } from './turnstile.ts'

const bounds: fc.Arbitrary<Bounds> = fc.record({
  runningMax: fc.integer({ min: 1, max: 8 }),
  waitingMax: fc.integer({ min: 0, max: 10 }),
  waitMs: fc.integer({ min: 500, max: 2_000 }),
  standingWaitMs: fc.integer({ min: 0, max: 500 }),
  startsATurn: fc.integer({ min: 1, max: 4 }),
})
const standing: fc.Arbitrary<Standing> = fc.record({
  running: fc.integer({ min: 0, max: 10 }),
  roomNow: fc.integer({ min: -2, max: 8 }),
  waiting: fc.integer({ min: 0, max: 12 }),
  hasStood: fc.boolean(),
  startedThisTurn: fc.integer({ min: 0, max: 6 }),
  serviceMs: fc.integer({ min: 0, max: 500 }),
  paceMs: fc.integer({ min: 0, max: 100 }),
})
const lag = fc.integer({ min: 0, max: 5_000 })

test('nobody waits who would wait longer than the class may, and nobody is refused who would not, while there is room', () => {
  fc.assert(
    fc.property(bounds, standing, lag, (limits, now, lagMs) => {
      const { verdict } = admit(limits, now, lagMs)
      const isLong = estimatedWaitMs(limits, now, lagMs) > patienceMs(limits, now)
      const isAlone = now.running + now.waiting === 0
      if (verdict === 'wait' && !isAlone) assert.ok(!isLong && now.waiting < limits.waitingMax)
      if (verdict === 'refuse') assert.ok(!isAlone && (isLong || now.waiting >= limits.waitingMax))
      if (verdict === 'start') {
        assert.ok(now.running < limits.runningMax && now.startedThisTurn < limits.startsATurn)
        assert.equal(now.waiting, 0, 'nobody is overtaken')
      }
    }),
  )
})

test('who is refused would be refused too if the loop were later or more were before them', () => {
  fc.assert(
    fc.property(
      bounds,
      standing,
      lag,
      lag,
      fc.integer({ min: 0, max: 5 }),
      (limits, now, lagMs, later, more) => {
        if (admit(limits, now, lagMs).verdict !== 'refuse') return
        const worse = { ...now, waiting: now.waiting + more }
        assert.equal(admit(limits, worse, lagMs + later).verdict, 'refuse')
      },
    ),
  )
})

test('what one takes is learned, and stays between what was measured', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 10, max: 100 }), { minLength: 1 }), (took) => {
      const known = took.reduce(learned, 50)
      assert.ok(known >= 10 && known <= 100)
    }),
  )
  const steady = Array.from({ length: 100 }, () => 30)
  assert.ok(Math.abs(steady.reduce(learned, 500) - 30) < 1)
})

/** A clock that the test turns, and the turns of an event loop. */
function aWorld() {
  let now = 0
  let lagMs = 0
  let next: (() => void)[] = []
  return {
    now: () => now,
    lagMs: () => lagMs,
    nextTurn: (work: () => void) => void next.push(work),
    pass: (ms: number) => {
      now += ms
    },
    isLate: (ms: number) => {
      lagMs = ms
    },
    turn: () => {
      const due = next
      next = []
      for (const work of due) work()
    },
  }
}

type Step = 'come' | 'leave' | 'leave-waiting' | 'turn' | 'pass' | 'late' | 'in-time'

test('whatever comes and goes: each is let in or refused once, in order, and never more at once or in a turn than may', () => {
  const steps = fc.array(
    fc.constantFrom<Step>(
      'come',
      'come',
      'come',
      'leave',
      'leave-waiting',
      'turn',
      'pass',
      'late',
      'in-time',
    ),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(bounds, steps, (limits, script) => {
      const world = aWorld()
      const way = openTurnstile(limits, world)
      const told = new Map<number, 'in' | 'refused'>()
      const gone = new Set<number>()
      const places = new Map<number, { leave: () => void }>()
      const order: number[] = []
      let inThisTurn = 0
      let came = 0
      const tell = (who: number, what: 'in' | 'refused') => {
        assert.ok(!told.has(who), 'told twice')
        assert.ok(!gone.has(who), 'told after it had gone')
        told.set(who, what)
        if (what !== 'in') return
        order.push(who)
        inThisTurn += 1
      }
      const leaveOne = (isMeant: (who: number) => boolean) => {
        const who = [...places.keys()].find(isMeant)
        if (who === undefined) return
        gone.add(who)
        const place = places.get(who)
        places.delete(who)
        place?.leave()
        place?.leave()
      }
      const act: Readonly<Record<Step, () => void>> = {
        come: () => {
          const who = came++
          const place = way.come(
            () => tell(who, 'in'),
            () => tell(who, 'refused'),
          )
          if (told.get(who) !== 'refused') places.set(who, place)
        },
        leave: () => leaveOne((who) => told.get(who) === 'in'),
        'leave-waiting': () => leaveOne((who) => !told.has(who)),
        turn: () => {
          inThisTurn = 0
          world.turn()
        },
        pass: () => world.pass(100),
        late: () => world.isLate(3_000),
        'in-time': () => world.isLate(0),
      }
      for (const step of script) {
        act[step]()
        for (const [who, what] of told) if (what === 'refused') places.delete(who)
        const running = [...places.keys()].filter((who) => told.get(who) === 'in').length
        assert.ok(running <= limits.runningMax)
        assert.ok(inThisTurn <= Math.max(1, limits.startsATurn) + (step === 'turn' ? 0 : limits.runningMax))
        assert.deepEqual(way.counts().running, running)
        assert.deepEqual(way.counts().waiting, places.size - running)
      }
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
        'in the order in which they came',
      )
      // When all leave, all who still wait are let in or refused, and nothing is left behind.
      for (let rounds = 0; places.size > 0 && rounds < 1_000; rounds++) {
        act.leave()
        act.turn()
        for (const [who, what] of told) if (what === 'refused') places.delete(who)
      }
      assert.deepEqual({ ...way.counts(), refused: 0 }, { running: 0, waiting: 0, refused: 0 })
    }),
  )
})

test('who has waited longer than its class may is refused then, also while nobody leaves', () => {
  const world = aWorld()
  const way = openTurnstile({ runningMax: 1, waitingMax: 10, waitMs: 500, startsATurn: 1 }, world)
  const told: string[] = []
  const come = (name: string) =>
    way.come(
      () => told.push(`${name} in`),
      () => told.push(`${name} refused`),
    )
  const first = come('first')
  come('second')
  world.pass(400)
  way.look()
  come('third')
  world.pass(101)
  way.look()
  assert.deepEqual(told, ['first in', 'second refused'])
  world.turn()
  first.leave()
  assert.deepEqual(told, ['first in', 'second refused', 'third in'])
})

test('those that end at once are no more in a turn either: the next in the same poll waits for its turn', () => {
  const world = aWorld()
  const way = openTurnstile({ runningMax: 8, waitingMax: 100, waitMs: 1_000, startsATurn: 1 }, world)
  let began = 0
  const come = () => {
    const place = way.come(
      () => {
        began += 1
        world.pass(8)
      },
      () => undefined,
    )
    return place
  }
  come().leave()
  const second = come()
  assert.equal(began, 1)
  world.turn()
  assert.equal(began, 2)
  second.leave()
})

test('where they share a processor the estimate is by the pace at which they end, not by how many are begun', () => {
  const world = aWorld()
  const way = openTurnstile({ runningMax: 8, waitingMax: 1_000, waitMs: 400, startsATurn: 1 }, world)
  let refused = 0
  const places: { leave: () => void }[] = []
  const inside: (() => void)[] = []
  for (let turn = 0; turn < 200; turn++) {
    for (let each = 0; each < 2; each++) {
      const place = way.come(
        () => inside.push(() => place.leave()),
        () => {
          refused += 1
        },
      )
      places.push(place)
    }
    world.pass(8)
    for (const leave of inside.splice(0)) leave()
    world.turn()
  }
  // 400 ms at one in 8 ms: some fifty may wait, and the rest of what comes is refused.
  assert.ok(way.counts().waiting <= 60, `${way.counts().waiting} wait`)
  assert.ok(refused > 50, `${refused} were refused`)
})

test('of a hundred that one poll brings only as many are begun in that turn as may be', () => {
  const world = aWorld()
  const way = openTurnstile({ runningMax: 50, waitingMax: 200, waitMs: 1_000, startsATurn: 2 }, world)
  let began = 0
  for (let each = 0; each < 100; each++) {
    way.come(
      () => {
        began += 1
      },
      () => undefined,
    )
  }
  assert.equal(began, 2)
  world.turn()
  assert.equal(began, 4)
})

test('beside desks no more are begun than there is room, whoever waits is let in when they have ended, and one all the same after 50 ms', () => {
  const world = aWorld()
  let room = Number.POSITIVE_INFINITY
  const limits = { runningMax: 4, waitingMax: 100, waitMs: 1_000, startsATurn: 4 }
  const way = openTurnstile(limits, { ...world, room: () => room })
  const places: { leave: () => void }[] = []
  const come = () =>
    places.push(
      way.come(
        () => undefined,
        () => assert.fail('nobody is refused'),
      ),
    )
  room = 1
  for (let each = 0; each < 6; each++) come()
  assert.deepEqual(way.counts(), { running: 1, waiting: 5, refused: 0 }, 'alone in the class, one begins')
  world.pass(51)
  way.look()
  assert.equal(way.counts().running, 2)
  way.look()
  assert.equal(way.counts().running, 2, 'one, not all')
  room = Number.POSITIVE_INFINITY
  world.turn()
  assert.equal(way.counts().running, 4)
  for (const place of places) place.leave()
})

test('a queue that has stood for a second is cut to what may be waited in it, and a burst is not', () => {
  const world = aWorld()
  const limits = { runningMax: 1, waitingMax: 1_000, waitMs: 2_000, standingWaitMs: 100, startsATurn: 1 }
  const way = openTurnstile(limits, world)
  const inside: (() => void)[] = []
  const refusedAt: number[] = []
  const come = () => {
    const place = way.come(
      () => inside.push(() => place.leave()),
      () => refusedAt.push(world.now()),
    )
  }
  // One ends in 10 ms, two come: more than can be done, for three seconds.
  for (let step = 0; step < 300; step++) {
    come()
    come()
    world.pass(10)
    for (const leave of inside.splice(0)) leave()
    way.look()
    world.turn()
    if (step === 50) assert.equal(refusedAt.length, 0, 'what comes in a burst waits')
  }
  assert.ok((refusedAt[0] ?? 0) > 1_000)
  assert.ok(way.counts().waiting <= 11, `${way.counts().waiting} wait`)
  assert.equal(way.counts().running, 1, 'nothing is idle for it')
  const { standingWaitMs: _, ...patient } = limits
  assert.equal(patienceMs(patient, { hasStood: true }), limits.waitMs, 'where no such bound is set')
})

test('searches, visitors and reports give way to desks that are at work, and not to one that hangs', () => {
  const world = aWorld()
  const ways = openWays(world, 2)
  const come = (name: keyof typeof ways) =>
    ways[name].come(
      () => undefined,
      () => assert.fail('nobody is refused'),
    )
  const bring = (name: keyof typeof ways, count: number) => {
    for (let each = 0; each < count; each++) {
      come(name)
      world.turn()
    }
  }
  const running = () =>
    (['search', 'visitors', 'reports'] as const).map((name) => ways[name].counts().running).join()
  come('check-in')
  for (const name of ['search', 'visitors', 'reports'] as const) bring(name, 3)
  assert.equal(running(), '1,1,1', 'one of two processors is left')
  const second = come('checkout')
  world.pass(60)
  ways.search.look()
  assert.equal(running(), '2,1,1', 'one after 50 ms')
  second.leave()
  world.pass(41)
  for (const name of ['search', 'visitors', 'reports'] as const) ways[name].look()
  world.turn()
  assert.equal(running(), '3,3,3', 'the first desk has hung for 101 ms')
  assert.equal(ways['check-in'].counts().running, 1)
})
