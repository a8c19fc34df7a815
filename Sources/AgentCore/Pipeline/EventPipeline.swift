import BPFRuntime
import CEventABI
import EventDecoder
import EventModel
import LinuxSystem
import ProcessTree
import Sensors
import Synchronization

/// The worker: reads the rings, keeps the state, feeds the consumers. One thread runs `run`; all
/// else asks through `perform`.
final class EventPipeline: @unchecked Sendable {
    // @unchecked: everything but `control` is touched by the worker's thread alone after `run` began.

    /// Records a pass may take before it looks at the time and at requests again.
    private static let passLimit = 16_384
    /// Bytes that may wait while a ring counts as read: records younger than `settle` always do.
    private static let nearlyEmpty = 65_536
    /// Between looks at the kernel's counters, nanoseconds.
    private static let auditInterval: UInt64 = 1_000_000_000

    /// Longest sleep while events wait for the name of their container, milliseconds.
    private static let waitingRest: Int32 = 5

    private struct Control {
        var requests: [@Sendable (EventPipeline) -> Void] = []
        var stopping = false
    }

    let context: EncodingContext
    let tree: ProcessTree
    let handler: RecordHandler
    let output: EventOutput
    let sensors: KernelSensors
    private let reader: RingReader
    private let readers: MappedArray<secd_reader>
    private let waiter: RingWaiter
    private let control = Mutex(Control())
    /// Bytes for the process tree.
    var treeBudget: Int
    private let clockOffset: @Sendable () -> UInt64
    private let watchesAlways: Bool
    private var handover = HandoverPace()
    private var nextAudit: UInt64 = 0
    private var hasWaiting = false
    private var lifecycleLost: UInt64 = 0
    private var observationLost: UInt64 = 0
    private(set) var wakeups: UInt64 = 0

    init(
        sensors: KernelSensors, context: EncodingContext, output: EventOutput, settings: EventSettings,
        cpus: Int, treeBudget: Int, clockOffset: @escaping @Sendable () -> UInt64
    ) throws {
        self.sensors = sensors
        self.clockOffset = clockOffset
        self.context = context
        self.output = output
        self.treeBudget = treeBudget
        // What was executed is read before it is deleted, if that can be.
        watchesAlways = settings.isWatched || settings.digests
        tree = ProcessTree(context: context)
        handler = RecordHandler(context: context, tree: tree, output: output, settings: settings, cpus: cpus)
        reader = RingReader([
            RingReader.Source(number: 0, ring: try RingBuffer(sensors.lifecycle)),
            RingReader.Source(number: 1, ring: try RingBuffer(sensors.verdict)),
            RingReader.Source(number: 2, ring: try RingBuffer(sensors.observation)),
        ])
        readers = try MappedArray(sensors.readers)
        waiter = try RingWaiter()
        try waiter.watch(sensors.lifecycle)
        try waiter.watch(sensors.verdict)
        try waiter.watch(sensors.observation)
    }

    /// Whether somebody waits for what comes.
    private var isWatched: Bool { watchesAlways || !output.subscribers.isEmpty }

    /// Runs `body` on the worker's thread, between two passes.
    func perform(_ body: @escaping @Sendable (EventPipeline) -> Void) {
        control.withLock { $0.requests.append(body) }
        waiter.poke()
    }

    /// Makes `run` return after everything that is in the rings has been read.
    func stop() {
        control.withLock { $0.stopping = true }
        waiter.poke()
    }

    /// Reads until `stop`.
    func run(stopReason: () -> String) {
        var pace = ReadingPace(from: BootClock.now)
        while true {
            let (requests, stopping) = control.withLock { state in
                let requests = state.requests
                if !requests.isEmpty { state.requests.removeAll() }
                return (requests, state.stopping)
            }
            for request in requests { request(self) }
            let now = BootClock.now
            let count = pass(now, isCalm: pace.isCalm)
            if stopping { break }
            let sleep = pace.sleep(after: count, at: now, isWatched: isWatched)
            if count < Self.passLimit { rest(hasWaiting ? min(sleep, Self.waitingRest) : sleep) }
        }
        drainToTheEnd(reason: stopReason())
    }

    /// One pass over the rings. Returns the records taken.
    /// - Parameter isCalm: little came lately, and sinks may wait for more while it comes.
    func pass(_ now: UInt64 = BootClock.now, isCalm: Bool = false) -> Int {
        let count = reader.drain(now: now, limit: Self.passLimit) { handler.handle($0) }
        if !handler.gaps.isEmpty { reportGaps(now) }
        if now >= nextAudit {
            audit(now, horizon: count < Self.passLimit ? now &- RingReader.settle : handler.horizon)
        }
        tree.collect(before: now &- RingReader.settle)
        hasWaiting = handler.releaseOverdue(now)
        if handover.isDue(after: count, waiting: output.waitingBytes, isCalm: isCalm, at: now) {
            output.flush()
        } else {
            output.subscribers.flush()
        }
        return count
    }

    private func rest(_ milliseconds: Int32) {
        // What is urgent and filling rings may cut the sleep short; the programs clear the words.
        for ring in 0..<3 { readers.store(1, atWord: ring) }
        let began = BootClock.now
        waiter.wait(milliseconds: milliseconds)
        wakeups += 1
        for ring in 0..<3 { readers.store(0, atWord: ring) }
        let more = ReadingPace.settling(after: BootClock.now &- began, of: milliseconds)
        // Who asks something is not kept waiting.
        if more > 0, control.withLock({ $0.requests.isEmpty && !$0.stopping }) {
            waiter.wait(milliseconds: more)
        }
    }

    private func drainToTheEnd(reason: String) {
        // Everything that the kernel numbered until now. The programs go on meanwhile: reading ends
        // with the first pass that reaches beyond this moment, however full the rings were.
        let end = BootClock.now
        let numbers = handler.accounts.kernelNumbers(sensors.streams)
        while true {
            let isBeyond = BootClock.now > end &+ RingReader.settle
            if pass() == Self.passLimit { continue }
            if isBeyond { break }
            waiter.wait(milliseconds: 1)
        }
        _ = handler.releaseOverdue(.max)
        // What is still missing does not come: the last chance to say so.
        for found in handler.accounts.close(through: numbers) { report(found, BootClock.now) }
        output.emit(
            Event(
                kind: .streamStop, time: context.time(BootClock.now), process: nil,
                body: .stop(StreamStop(reason: reason, positions: handler.accounts.positions)),
                origin: Origin(ring: nil)))
        output.flush()
    }

    private func reportGaps(_ now: UInt64) {
        let gaps = handler.gaps
        handler.gaps.removeAll(keepingCapacity: true)
        for found in gaps { report(found, now) }
    }

    private func report(_ found: (ring: Int, cpu: Int, gap: SequenceTracker.Gap), _ now: UInt64) {
        let gap = handler.accounts.explain(
            found.gap, ring: found.ring, cpu: found.cpu, sensors.streams, context, now: now)
        if found.ring == Int(SECD_RING_LIFECYCLE) { lifecycleLost += gap.count }
        if found.ring == Int(SECD_RING_OBSERVATION) { observationLost += gap.count }
        output.emit(
            Event(
                kind: .streamGap, time: context.time(now &- RingReader.settle), process: nil, body: .gap(gap),
                origin: Origin(ring: nil)))
    }

    /// - Parameter horizon: everything older has been handled, however far behind the reader is.
    private func audit(_ now: UInt64, horizon: UInt64) {
        nextAudit = now &+ Self.auditInterval
        // Everything up to here has been read.
        context.clock.follow(offset: clockOffset(), at: now &- RingReader.settle)
        for found in handler.accounts.audit(
            sensors.streams, ringIsEmpty: { reader.waiting($0) < Self.nearlyEmpty })
        {
            report(found, now)
        }
        sensors.auditSockets()
        handler.pieces.expire(before: horizon &- Self.auditInterval)
        handler.settleDigests()
        lifecycleLost += handler.takeMissed(SECD_RING_LIFECYCLE)
        observationLost += handler.takeMissed(SECD_RING_OBSERVATION)
        if lifecycleLost > 0 {
            lifecycleLost = 0
            _ = tree.reconcile(at: now) { ProcessLife.exists($0) }
        }
        if observationLost > 0 {
            observationLost = 0
            handler.sockets.reconcile(tree) { sensors.livingSockets($0) }
        }
        _ = tree.shrink(to: treeBudget)
    }

    func ringSize(_ ring: Int) -> Int { reader.sources[ring].ring.size }

    /// Bytes that wait in a ring, as of the last pass.
    func waiting(_ ring: Int) -> Int { reader.waiting(ring) }
}
